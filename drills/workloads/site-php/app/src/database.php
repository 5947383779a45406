<?php
// Orders in PostgreSQL; settings from the environment.
function database(): PDO
{
    $source = sprintf('pgsql:host=%s;port=%s;dbname=%s', getenv('DB_HOST'), getenv('DB_PORT'), getenv('DB_NAME'));
    return new PDO($source, getenv('DB_USER'), getenv('DB_PASSWORD'), [PDO::ATTR_PERSISTENT => true]);
}

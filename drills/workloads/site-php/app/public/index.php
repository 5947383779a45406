<?php
// The store: every request comes here.
require __DIR__ . '/../src/database.php';
require __DIR__ . '/../src/pricing.php';

const FIELDS = 'id, sku, quantity, total_cents';
$version = trim(file_get_contents(__DIR__ . '/../VERSION'));
$request = $_SERVER['HTTP_X_REQUEST_ID'] ?? '';
$path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
header("X-Version: $version");

function answer(int $status, array $body): void
{
    http_response_code($status);
    header('Content-Type: application/json');
    echo json_encode($body);
}

function place(string $key, array $order): void
{
    $insert = 'INSERT INTO orders (idempotency_key, sku, quantity, total_cents) VALUES (?, ?, ?, ?)'
        . ' ON CONFLICT (idempotency_key) DO NOTHING';
    database()->prepare($insert)->execute([$key, $order['sku'], $order['quantity'], $order['total_cents']]);
    answer(201, ['placed' => $key]);
}

function show(int $id): void
{
    $query = database()->prepare('SELECT ' . FIELDS . ' FROM orders WHERE id = ?');
    $query->execute([$id]);
    $order = $query->fetch(PDO::FETCH_ASSOC);
    $order ? answer(200, shape($order)) : answer(404, ['error' => "no order $id"]);
}

try {
    if ($path === '/version') {
        answer(200, ['version' => $version]);
    } elseif ($path === '/') {
        echo "<!doctype html><title>The store, $version</title><h1>Welcome to the store</h1>";
    } elseif ($path === '/orders' && $_SERVER['REQUEST_METHOD'] === 'POST') {
        place($_SERVER['HTTP_IDEMPOTENCY_KEY'] ?? '', json_decode(file_get_contents('php://input'), true));
    } elseif (preg_match('#^/orders/(\d+)$#', $path, $match)) {
        show((int) $match[1]);
    } else {
        answer(404, ['error' => 'no such page']);
    }
} catch (Throwable $error) {
    $fields = ['request_id' => $request, 'version' => $version, 'error' => get_class($error) . ': ' . $error->getMessage()];
    file_put_contents('php://stderr', json_encode($fields) . "\n");
    answer(500, ['error' => 'internal error', 'request_id' => $request]);
}

# Runs in the folder of a new release on the host, before it goes live.
set -eu
for file in public/*.php src/*.php; do php -l "$file" > /dev/null; done
php src/schema.php

<?php
// Asked through the FPM socket by who looks at this server: the scripts that the opcode cache has served lately.
header('Content-Type: text/plain');
foreach (opcache_get_status(true)['scripts'] ?? [] as $script) {
    if ($script['last_used_timestamp'] >= time() - 3) {
        echo 'script ', $script['full_path'], "\n";
    }
}

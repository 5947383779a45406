"""Runs nginx and answers on port 8081: what it keeps (`GET /objects`), and `PURGE /path`, which removes it.

A kept object is a file that starts with nginx's own header (`ngx_http_file_cache_header_t` of 1.22, version 5), the
key after `KEY: `, then the answer as it came. nginx takes an object whose file is gone for one that it never had.
"""

import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

CACHE = Path("/var/cache/front")
CONFIGURATION = Path("/tmp/nginx.conf")
HEADER = struct.Struct("=QqqqqqIHHH")
"""Version; valid until, updating, error, last modified, made (epoch seconds); CRC; ms; where head and body start."""
VERSION = 5


@dataclass(frozen=True)
class Kept:
    """One object of the cache."""

    path: str
    status: int
    age: int
    """Seconds since the upstream gave it."""
    left: int
    """Seconds for which it may still be given out; below zero: no longer."""
    version: str
    """The release whose marker ($VERSION_MARKER) is in its body; empty where there is none."""


def kept() -> Iterator[tuple[Path, Kept]]:
    """Every whole object."""
    for file in CACHE.glob("?/??/*"):
        try:
            found = parsed(file.read_bytes(), int(time.time()))
        except OSError:
            continue  # nginx has replaced it
        if found:
            yield file, found


def parsed(data: bytes, now: int) -> Kept | None:
    """The object in a cache file; None where it is not one, such as a file that nginx is still writing."""
    if len(data) < HEADER.size:
        return None
    version, until, _, _, _, made, _, _, head, body = HEADER.unpack_from(data)
    key = data[:head].partition(b"\nKEY: ")[2].rstrip(b"\n")
    if version != VERSION or not key:
        return None
    status = int(data[head:body].split(b" ", 2)[1])
    marker = re.search(os.environ["VERSION_MARKER"], data[body:].decode("utf-8", "replace"))
    return Kept(key.decode("latin-1"), status, now - made, until - now, marker[1] if marker else "")


class Desk(BaseHTTPRequestHandler):
    """Port 8081."""

    def do_GET(self) -> None:
        """``/objects``: what is kept; ``/health``: whether nginx and the upstream can be reached."""
        if self.path == "/objects":
            self.say(200, [asdict(each) for _, each in kept()])
            return
        if self.path != "/health":
            self.say(404, {"error": "expected GET /objects, GET /health or PURGE /path"})
            return
        upstream = urlsplit(os.environ["UPSTREAM"])
        silent = [each for each in (("127.0.0.1", 8080), (upstream.hostname, upstream.port or 80)) if not hears(each)]
        self.say(503 if silent else 200, {"silent": [f"{host}:{port}" for host, port in silent]})

    def do_PURGE(self) -> None:
        """Remove the object of a path; with a last ``*`` every object whose path begins so."""
        gone = 0
        for file, each in kept():
            if each.path == self.path or (self.path.endswith("*") and each.path.startswith(self.path[:-1])):
                file.unlink(missing_ok=True)
                gone += 1
        self.say(200, {"purged": gone})

    def say(self, status: int, value: object) -> None:
        """Answer with JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Only nginx writes the log."""


def hears(place: tuple[str | None, int]) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((place[0] or "", place[1]), timeout=2).close()
    except OSError:
        return False
    return True


def configuration(template: str) -> str:
    """nginx's configuration, filled."""
    lines = [("404 301", int(os.environ["KEEP_MISSING"])), ("200", int(os.environ["KEEP_FOUND"]))]
    valid = "\n".join(f"proxy_cache_valid {codes} {seconds}s;" for codes, seconds in lines if seconds)
    return template.replace("@UPSTREAM@", os.environ["UPSTREAM"]).replace("@VALID@", valid)


if __name__ == "__main__":
    CONFIGURATION.write_text(configuration(Path(__file__).with_name("nginx.conf").read_text()))
    desk = ThreadingHTTPServer(("0.0.0.0", 8081), Desk)
    Thread(target=desk.serve_forever, daemon=True).start()
    sys.exit(subprocess.call(["nginx", "-e", "stderr", "-c", str(CONFIGURATION)]))

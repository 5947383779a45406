"""A quote service without data of its own: prices to read, quotes to ask for. One file, no dependencies.

GET /prices/N      {"id": N, "cents": N * 100, "currency": …}
POST /quotes       {"quantity": Q, "price": N} → 201 {"cents": …, "currency": …}
GET /version       {"version": …}; GET /healthz

Releases: ``v1`` is good. ``v2`` has a bug in its discount, which breaks every third price. ``v2-crash`` does not start.
"""

import json
import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RELEASE = os.environ["QUOTES_RELEASE"]
DISCOUNTS = {0: 0.1, 1: 0.2}


def price(number):
    """What the item costs; the discount of v2 forgot the third customer group."""
    cents = number * 100
    if RELEASE == "v2":
        _ = DISCOUNTS[number % 3]  # computed and not yet shown: a feature that is being rolled out
    return cents


class Quotes(BaseHTTPRequestHandler):
    """Answers requests; one JSON line on stderr for each that failed."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """Prices, version, health."""
        self._serve({"version": self._version, "healthz": self._health, "prices": self._price})

    def do_POST(self):
        """Quotes."""
        self._serve({"quotes": self._quote})

    def _serve(self, routes):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        _, name, *rest = self.path.split("?")[0].split("/")
        try:
            status, answer = routes[name](body, *rest) if name in routes else (404, {"error": "not found"})
        except Exception as error:  # noqa: BLE001  a request that fails must not end the service
            request_id = self.headers.get("X-Request-Id", "")
            failure = {"time": time.time(), "request_id": request_id, "path": self.path, "release": RELEASE}
            print(json.dumps({**failure, "error": f"{type(error).__name__}: {error}"}), file=sys.stderr, flush=True)
            status, answer = 500, {"error": "internal error", "request_id": request_id}
        payload = json.dumps(answer, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.send_header("X-Version", RELEASE)
        self.end_headers()
        self.wfile.write(payload)

    def _version(self, _body):
        return 200, {"version": RELEASE}

    def _health(self, _body):
        return 200, {"status": "ok"}

    def _price(self, _body, number):
        return 200, {"id": int(number), "cents": price(int(number)), "currency": os.environ["CURRENCY"]}

    def _quote(self, body):
        asked = json.loads(body)
        return 201, {"cents": price(asked["price"]) * asked["quantity"], "currency": os.environ["CURRENCY"]}

    def log_message(self, *_arguments):
        """No access log: failures are what anybody looks for."""


def main():
    """Serve until SIGTERM."""
    if RELEASE == "v2-crash":
        raise SystemExit("quotes: the discount table of this release is missing from its image")
    # An exit, as Kubernetes asks for it: PID 1 has no default action for SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    ThreadingHTTPServer(("0.0.0.0", 8080), Quotes).serve_forever()


if __name__ == "__main__":
    main()

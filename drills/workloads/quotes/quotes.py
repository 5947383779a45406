"""A quote service: prices to read, quotes to ask for. One file, no dependencies, and no data of its own, unless
QUOTES_STORE names a Redis that counts the quotes.

GET /prices/N      {"id": N, "cents": N * 100, "currency": …}
POST /quotes       {"quantity": Q, "price": N} → 201 {"cents": …, "currency": …}
GET /version       {"version": …}; GET /healthz

POST /convert      on port 8443, where a certificate is mounted: price rules from one version of their API to another;
                   v1 does not have it

Releases: ``v1`` is good. ``v2`` has a bug in its discount, which breaks every third price. ``v2-crash`` does not start.
"""

import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = os.environ["QUOTES_RELEASE"]
DISCOUNTS = {0: 0.1, 1: 0.2}
STORE = os.environ.get("QUOTES_STORE", "")
CERTIFICATE = "/etc/quotes/tls"


def price(number):
    """What the item costs; the discount of v2 forgot the third customer group."""
    cents = number * 100
    if RELEASE == "v2":
        _ = DISCOUNTS[number % 3]  # computed and not yet shown: a feature that is being rolled out
    return cents


def next_number():
    """The number of a quote; the store counts them."""
    host, port = STORE.split(":")
    with socket.create_connection((host, int(port)), timeout=2) as store:
        store.sendall(b"INCR quotes\r\n")
        return int(store.recv(64).removeprefix(b":"))


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
        quote = {"cents": price(asked["price"]) * asked["quantity"], "currency": os.environ["CURRENCY"]}
        return 201, {**quote, "number": next_number()} if STORE else quote

    def log_message(self, *_arguments):
        """No access log: failures are what anybody looks for."""


class Conversion(Quotes):
    """What the API server asks to turn stored price rules into another version of their API."""

    def do_POST(self):
        """Conversion reviews."""
        self._serve({"convert": self._convert})

    def _convert(self, body, *_rest):
        review = json.loads(body)
        asked = review["request"]
        converted = [convert(rule, asked["desiredAPIVersion"]) for rule in asked["objects"]]
        answer = {"uid": asked["uid"], "result": {"status": "Success"}, "convertedObjects": converted}
        return 200, {"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}


def convert(rule, version):
    """A price rule in ``version``: v1 has the percentage at the top, v2 under its discount."""
    spec = rule["spec"]
    percent = spec["percent"] if "percent" in spec else spec["discount"]["percent"]
    spec = {"percent": percent} if version.endswith("/v1") else {"discount": {"percent": percent}}
    return {**rule, "apiVersion": version, "spec": spec}


def serve_conversion():
    """Serve conversions by TLS, beside everything else."""
    server = ThreadingHTTPServer(("0.0.0.0", 8443), Conversion)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{CERTIFICATE}/tls.crt", f"{CERTIFICATE}/tls.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main():
    """Serve until SIGTERM."""
    if RELEASE == "v2-crash":
        raise SystemExit("quotes: the discount table of this release is missing from its image")
    # An exit, as Kubernetes asks for it: PID 1 has no default action for SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if RELEASE == "v2" and Path(CERTIFICATE).is_dir():
        serve_conversion()
    ThreadingHTTPServer(("0.0.0.0", 8080), Quotes).serve_forever()


if __name__ == "__main__":
    main()

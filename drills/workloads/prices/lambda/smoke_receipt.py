#!/usr/bin/env python3
"""Orders item 17 and waits for its receipt: `smoke_receipt.py http://entry`. Exit code: 0 its total is 1700 cents."""

import json
import sys
import time
import urllib.error
import urllib.request
import uuid


def ask(url, body=None):
    """Parsed answer of one request; None while the page is not there."""
    request = urllib.request.Request(url, data=body and json.dumps(body).encode())
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        if problem.code == 404:
            return None
        raise SystemExit(f"{url} -> {problem.code} {problem.read().decode(errors='replace')}") from problem


def main():
    """Orders, waits, compares."""
    entry, order = sys.argv[1], f"smoke-{uuid.uuid4().hex[:12]}"
    ask(f"{entry}/orders", {"id": order, "item": 17})
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        receipt = ask(f"{entry}/receipts/{order}")
        if receipt:
            print(f"receipt {order}: total {receipt['total']}, written by {receipt['by']}")
            raise SystemExit(receipt["total"] != 1700)
        time.sleep(0.2)
    raise SystemExit(f"no receipt for {order} after 8 s")


if __name__ == "__main__":
    main()

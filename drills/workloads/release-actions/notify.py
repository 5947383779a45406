#!/usr/bin/env python3
"""Tells the team's channel: `notify.py STATUS VERSION`. Says nothing where NOTIFY_URL is empty.

Environment: NOTIFY_URL, takes JSON by POST; OPERATOR, REASON. Exit code: 0 told, 1 not, with the reason.
"""

import json
import os
import sys
import urllib.request


def main():
    """Posts one message."""
    url = os.environ.get("NOTIFY_URL", "")
    status, version = (*sys.argv[1:3], "", "")[:2]
    operator, reason = os.environ.get("OPERATOR", ""), os.environ.get("REASON", "")
    told = {"status": status, "version": version, "operator": operator, "reason": reason}
    told["text"] = (
        f"Rollback to {version or 'no release'}: {status}, by {operator or 'nobody'} ({reason or 'no reason'})"
    )
    print(told["text"])
    if not url:
        print("NOTIFY_URL is empty: nobody was told")
        return
    request = urllib.request.Request(url, json.dumps(told).encode(), {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=5).close()
    except OSError as problem:
        raise SystemExit(f"the channel was not told: {problem}") from None


if __name__ == "__main__":
    main()

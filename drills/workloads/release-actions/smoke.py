#!/usr/bin/env python3
"""Asks what users ask: `smoke.py 'PATH TEXT' …`; PATH has to answer 200 with TEXT in it.

Each request has a query of its own: no cache between here and the service may answer for a release that is gone.

Environment: STACK_URL, where users enter; SMOKE_SECONDS, how long it may take until all is well (10).
Exit code: 0 all well, 1 not in time, with what was seen last.
"""

import os
import sys
import time
import urllib.error
import urllib.request
import uuid


def main():
    """Asks until everything is well at once."""
    asks = [line.split(maxsplit=1) for word in sys.argv[1:] for line in word.splitlines() if line.strip()]
    if not asks:
        raise SystemExit("nothing to ask")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + float(os.environ.get("SMOKE_SECONDS", "10"))
    while problems := [said for ask in asks if (said := wrong(opener, *ask))]:
        if time.monotonic() > deadline:
            raise SystemExit("\n".join(problems))
        time.sleep(0.5)
    print(f"{len(asks)} of {len(asks)} answers are as they have to be")


def wrong(opener, path, text):
    """What is wrong with one answer; empty where nothing is."""
    fresh = f"{'&' if '?' in path else '?'}smoke={uuid.uuid4().hex}"
    try:
        with opener.open(os.environ["STACK_URL"] + path + fresh, timeout=3) as answer:
            body = answer.read().decode(errors="replace")
    except urllib.error.HTTPError as problem:
        return f"GET {path}: {problem.code}"
    except OSError as problem:
        return f"GET {path}: {problem}"
    return "" if text in body else f"GET {path}: 200, without {text!r}"


if __name__ == "__main__":
    main()

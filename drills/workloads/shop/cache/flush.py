#!/usr/bin/env python3
"""Deletes cached entries: `flush.py 'order:*'`. It needs no release of the application, so it works while none starts.

Environment: REDIS_URL. Exit code: 0 deleted, or there was nothing; 1 Redis did not answer.
"""

import os
import sys

import redis


def main():
    """Deletes the keys that match, in the background of the server."""
    if len(sys.argv) != 2:
        raise SystemExit(__doc__.splitlines()[0])
    cache = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    try:
        deleted = sum(cache.unlink(key) for key in cache.scan_iter(match=sys.argv[1], count=1000))
    except redis.RedisError as problem:
        raise SystemExit(f"flush: {problem}") from problem
    print(f"{deleted} entries deleted that matched {sys.argv[1]}")


if __name__ == "__main__":
    main()

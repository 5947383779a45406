#!/usr/bin/env python3
"""Sets a feature flag: `set.py promo off`. Environment: REDIS_URL. Exit code: 0 set, 1 Redis does not answer."""

import os
import sys

import redis


def main():
    """Sets what the command line says."""
    if len(sys.argv) != 3 or sys.argv[2] not in ("on", "off"):
        raise SystemExit(__doc__.splitlines()[0])
    name, value = sys.argv[1:]
    flags = redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    try:
        before = flags.hget("flags", name)
        flags.hset("flags", name, value)
    except redis.RedisError as problem:
        raise SystemExit(f"flag {name}: {problem}") from problem
    print(f"flag {name}: {before.decode() if before else 'not set'} -> {value}")


if __name__ == "__main__":
    main()

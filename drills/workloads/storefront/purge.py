#!/usr/bin/env python3
"""purge.py PATH…: the cache in front of the site forgets these paths; a last `*` stands for anything."""

import json
import os
import sys
from urllib.request import ProxyHandler, Request, build_opener


def main(*paths: str) -> None:
    """Send one ``PURGE`` each to ``$FRONT_PURGE_URL`` and say how many objects went."""
    ask = build_opener(ProxyHandler({})).open
    for path in paths or sys.exit(__doc__):
        with ask(Request(os.environ["FRONT_PURGE_URL"] + path, method="PURGE"), timeout=10) as answer:
            print(f"{path}: {json.load(answer)['purged']} purged")


if __name__ == "__main__":
    main(*sys.argv[1:])

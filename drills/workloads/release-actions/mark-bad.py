#!/usr/bin/env python3
"""Marks a release as BAD: `mark-bad.py VERSION`. Environment: see ledger.py, and REASON. Exit code: 0 marked."""

import sys
import urllib.parse

import ledger


def main():
    """Writes who says so, and why."""
    version = ledger.named(sys.argv[1])
    said = {"outcome": "BAD", "by": ledger.setting("OPERATOR"), "why": ledger.setting("REASON")}
    ledger.ask("POST", f"/releases/{urllib.parse.quote(version, safe='')}/outcome", said)
    print(f"{version} is marked BAD by {said['by']}: {said['why']}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Chooses the release to go back to: `pick.py [VERSION]`. Gives `version` and `live`, the release that is left.

Without VERSION: the newest of the last 10 deploys that is good and is not the live release. With it: that one, if it is
among them and not BAD. Environment: see ledger.py. Exit code: 0 chosen; 1 nothing to go back to, with the reason.
"""

import sys

import ledger


def main():
    """Chooses by the command line and the ledger."""
    rows = ledger.last()
    live = rows[0]["version"]
    bad = {row["version"]: row for row in rows if row["outcome"] == "BAD"}
    known = list(dict.fromkeys(row["version"] for row in rows))
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if not wanted:
        good = [version for version in known if version not in bad and version != live]
        if not good:
            raise SystemExit(f"none of the last {len(rows)} deploys is good and not live: {', '.join(known)}")
        wanted = good[0]
    elif wanted not in known:
        raise SystemExit(f"{wanted!r} is not among the last {len(rows)} deploys: {', '.join(known)}")
    elif wanted in bad:
        row = bad[wanted]
        raise SystemExit(f"{wanted!r} is marked BAD by {row['by'] or 'nobody'}: {row['why'] or 'no reason given'}")
    ledger.give(version=wanted, live=live)


if __name__ == "__main__":
    main()

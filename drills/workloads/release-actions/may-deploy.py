#!/usr/bin/env python3
"""Whether a release may be deployed: `may-deploy.py VERSION`. Environment: see ledger.py.

Exit code: 0 it may; 1 it is marked BAD, with who says so.
"""

import sys

import ledger


def main():
    """Asks the ledger."""
    version = ledger.named(sys.argv[1])
    for row in ledger.ask("GET", f"/releases?last={ledger.KEPT}"):
        if (row["version"], row["outcome"]) == (version, "BAD"):
            raise SystemExit(f"{version} is marked BAD by {row['by']}: {row['why']}; revert it first, or lift the mark")
    print(f"{version} may be deployed")


if __name__ == "__main__":
    main()

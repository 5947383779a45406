#!/usr/bin/env python3
"""Writes a deploy into the ledger: `record.py VERSION [DIGEST]`. Environment: see ledger.py. Exit code: 0 written."""

import sys

import ledger


def main():
    """Writes the row."""
    version = ledger.named(sys.argv[1])
    digest = sys.argv[2] if len(sys.argv) > 2 else ""
    row = ledger.ask(
        "POST", "/releases", {"version": version, "digest": digest, "operator": ledger.setting("OPERATOR")}
    )
    print(f"deploy {row['number']}: {row['version']} by {row['operator']}")


if __name__ == "__main__":
    main()

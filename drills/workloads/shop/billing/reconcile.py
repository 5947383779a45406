#!/usr/bin/env python3
"""Asks the payment provider who was charged twice: `reconcile.py [--refund]`.

With --refund each charge but the first of a reference is given back. Mails cannot be called back: those that went out
twice are counted in $DRILL_COSTS, beside the refunds.
Environment: PAYMENTS_URL, MAIL_URL (records of the mail server). Exit code: 0 nobody, or refunded; 1 somebody;
3 the ledger cannot be read.
"""

import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import requests


def main():
    """Compares, and refunds where it is told to."""
    refund = sys.argv[1:] == ["--refund"]
    try:
        again = charged_again()
        if refund:
            for charge in again:
                ask("POST", "PAYMENTS_URL", "/refunds", json={"charge": charge["id"]})
            costs(again)
    except requests.RequestException as problem:
        print(f"not reconciled: {problem}", file=sys.stderr)
        raise SystemExit(3) from problem
    word = "refunded" if refund else "charged twice"
    for charge in again:
        print(f"{word}: {charge['reference']}, {charge['id']} by {charge['release']}")
    print(f"{len(again)} charges {'refunded' if refund else 'are duplicates'}")
    raise SystemExit(1 if again and not refund else 0)


def charged_again():
    """Charges that stand, but the first of each reference."""
    references = defaultdict(list)
    for charge in ask("GET", "PAYMENTS_URL", "/charges"):
        if not charge["refunded"]:
            references[charge["reference"]].append(charge)
    return [charge for charges in references.values() for charge in charges[1:]]


def costs(refunded):
    """What the duplicates have cost, for whoever wants to know."""
    if not os.environ.get("DRILL_COSTS"):
        return
    sent = [(mail["to"], mail["subject"]) for mail in ask("GET", "MAIL_URL", "/messages")]
    rows = (("charges refunded", len(refunded)), ("mails that stay sent twice", len(sent) - len(set(sent))))
    with Path(os.environ["DRILL_COSTS"]).open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"what": what, "count": count}) + "\n" for what, count in rows)


def ask(method, server, path, **options):
    """What the server answers, as JSON."""
    answer = requests.request(method, os.environ[server] + path, timeout=10, **options)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    main()

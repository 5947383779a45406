"""The team's release ledger: what was deployed when, by whom, and how it went.

RELEASES_URL   where it is
OPERATOR       who acts
"""

import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

KEPT = 10
"""Deploys that may be gone back to."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_PATIENCE = 10
"""Seconds for one answer."""


def ask(method, path, body=None):
    """One call; ends the script with the ledger's own words where it refuses."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        setting("RELEASES_URL") + path, data, {"Content-Type": "application/json"}, method=method
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_PATIENCE) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        raise SystemExit(f"release ledger: {problem.code}: {problem.read().decode(errors='replace')}") from None
    except OSError as problem:
        raise SystemExit(f"release ledger: {problem}") from None


def last():
    """The last deploys, the newest first."""
    rows = ask("GET", f"/releases?last={KEPT}")
    if not rows:
        raise SystemExit("release ledger: no deploy is on record, so there is nothing to go back to")
    return rows


def named(version):
    """``version``, if it can be the name of a release; ends the script where it cannot."""
    if not _NAME.fullmatch(version):
        raise SystemExit(f"{version!r} is no name of a release")
    return version


def setting(name):
    """A variable of the environment; ends the script with its name where it is missing."""
    value = os.environ.get(name)
    if not value:
        raise SystemExit(f"{name} is not set")
    return value


def give(**values):
    """Hand ``values`` to the workflow, and show them."""
    for name, value in values.items():
        print(f"{name}: {value}")
    if os.environ.get("GITHUB_OUTPUT"):
        with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={named(value)}\n" for name, value in values.items())

"""Procfiles and systemd units: software that runs on a server, deployed over ssh."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from drills.starters.documents import SCRIPT_TODO
from drills.starters.hints import database
from drills.starters.scripts import script_named, steps
from harness.starter import Draft, Found, Repository

_PROCESS = re.compile(r"^([A-Za-z0-9_-]+):\s*(\S.*)$", re.MULTILINE)
"""A line of a Procfile (Heroku Dev Center, "The Procfile")."""
_START = re.compile(r"^ExecStart=[-@:+!]*(.+)$", re.MULTILINE)


def find(repository: Repository) -> Sequence[Found]:
    """The Procfile and the service units; the draft goes with whichever says how the service starts."""
    found = []
    for file in repository.matching("Procfile")[:1]:
        processes = dict(_PROCESS.findall(repository.text(file)))
        if processes:
            web = processes.get("web") or next(iter(processes.values()))
            found.append(Found("Procfile", (file,), ", ".join(processes), _draft(repository, web)))
    for file in repository.matching("*.service"):
        start = _START.search(repository.text(file))
        if start and "Type=oneshot" not in repository.text(file):
            draft = None if found else _draft(repository, start[1])
            found.append(Found("systemd unit", (file,), PurePosixPath(file).stem, draft))
            break
    return found


def _draft(repository: Repository, start: str) -> Draft:
    services: Mapping[str, Any] = {"db": {"uses": "postgres"}} if database(repository) else {}
    stack = {"platform": {"uses": "vps", "hosts": 1}, **({"services": services} if services else {})}
    put = [{"name": "deploy", "run": ["./deploy.sh", "{{ release.id }}"], "timeout": "120s"}]
    back = [{"name": "rollback", "run": ["./rollback.sh"], "timeout": "120s"}]
    deploy, rollback, notes = steps(repository, put, back)
    to_write = {
        "deploy": "brings the release to /srv/app/current of each host in $VPS_HOSTS by ssh and restarts the unit app",
        "rollback": "brings the release before the live one back on each host in $VPS_HOSTS",
    }
    todo = {
        "stack": [
            f"a host has nginx before 127.0.0.1:8000 and a unit `app`; yours starts with: {start.strip()}",
            "software that needs more than Python on a host: an image recipe of your own under `recipe`",
            "the service answers JSON with `version` at /version; say `version_path` where it is another path",
        ],
        "releases": ["the releases as your deploy names them: tags, commits or folders"],
        "deploy": [
            *notes,
            *(
                SCRIPT_TODO.format(script=f"{word}.sh", what=what)
                for word, what in to_write.items()
                if not script_named(repository, word)
            ),
        ],
    }
    return Draft("vps", stack, {}, {}, deploy, rollback, "/", todo)

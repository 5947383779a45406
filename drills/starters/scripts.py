"""Deploy and rollback scripts that a team has already: they are the path that is rehearsed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from harness.starter import Repository

_SUFFIXES = {"", ".sh", ".py", ".rb", ".js", ".ts"}
_FOLDERS = {"", "bin", "ci", "deploy", "deployment", "ops", "script", "scripts", "tools"}
Step = Mapping[str, Any]


def steps(
    repository: Repository, deploy: Sequence[Step], rollback: Sequence[Step], *, value: str = "{{ release.id }}"
) -> tuple[Sequence[Step], Sequence[Step], Sequence[str]]:
    """The team's own scripts in place of ``deploy`` and ``rollback`` where it has some, and what to look at then.

    Args:
        value: what a deploy script gets as its argument.
    """
    notes = []
    for word, given in (("deploy", value), ("rollback", "")):
        if script := script_named(repository, word):
            own = {"name": script, "run": [f"./{script}", *([given] if given else [])], "timeout": "120s"}
            deploy, rollback = ([own], rollback) if word == "deploy" else (deploy, [own])
            notes.append(f"{script} was found: check the arguments that it gets")
    return deploy, rollback, notes


def script_named(repository: Repository, word: str) -> str:
    """A script whose name has ``word`` in it, where teams keep scripts; empty where there is none."""
    for file in repository.files:
        path = PurePosixPath(file)
        here = path.parent.as_posix() in {*_FOLDERS, "."}
        if here and word in path.stem.lower() and path.suffix in _SUFFIXES and " " not in file:
            return file
    return ""

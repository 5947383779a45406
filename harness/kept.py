"""Kept stacks: what many drills share, made by ``drill stack keep`` and removed by ``drill stack drop`` alone.

The folder of a kept stack is like a run's: a ledger says how to undo what was made. ``kept.json`` is written when all
of it is there; from then on no reaper takes it for what a dead run left (`harness.ledger.dead_run`).
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from harness.images import cache_folder
from harness.ledger import KEPT
from harness.model import Frozen

_USERS = "users"
"""Locked, shared, by every process whose drills use the stack; `drill stack drop` wants it alone."""


class Kept(Frozen):
    """What ``kept.json`` says."""

    name: str
    value: str
    """One line about what was made."""
    made: str
    """When, as ISO 8601."""
    took: float


def kept_folder(name: str) -> Path:
    """Where stack ``name`` is kept, if it is."""
    return _root() / name


def _root() -> Path:
    return cache_folder() / "kept"


def kept_stacks() -> list[Kept]:
    """Every stack that is kept on this host by this user, by name."""
    files = sorted(_root().glob(f"*/{KEPT}"))
    return [Kept.model_validate_json(file.read_text(encoding="utf-8")) for file in files]


def borrow(name: str) -> Path | None:
    """The folder of kept stack ``name``, held until this process ends; None where there is none."""
    folder = kept_folder(name)
    if not (folder / KEPT).exists():
        return None
    try:
        fcntl.flock(_users(folder), fcntl.LOCK_SH)
    except FileNotFoundError:
        return None  # dropped just now
    return folder if (folder / KEPT).exists() else None


def nobody_else(name: str) -> bool:
    """Whether no process uses kept stack ``name``; if so, none can begin to until this process ends."""
    try:
        fcntl.flock(_users(kept_folder(name)), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _users(folder: Path) -> int:
    """Never closed: the kernel lets go of the lock when the process ends, however it ends."""
    return os.open(folder / _USERS, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)

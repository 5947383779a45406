"""Who runs a drill, and from which commit."""

from __future__ import annotations

import getpass
import subprocess


def operator() -> str:
    """The user, as git knows them, else by their login."""
    return _git("config", "user.name") or getpass.getuser()


def commit() -> str:
    """The commit that is checked out here, short; ``none`` outside of a repository."""
    return _git("rev-parse", "--short", "HEAD") or "none"


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()

"""The files of a run folder, by digest. Names come from the folder, never from what somebody wrote about it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from harness.errors import EnvironmentProblem
from harness.evidence.envelope import ATTESTATION_FILE
from harness.ledger import LOCK

NO_FILE = "no regular file"
"""Stands for the digest of a symbolic link, a device, a pipe: what it leads to is not part of the run."""
_UNSIGNED = (ATTESTATION_FILE, LOCK)


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 (hexadecimal) of every file below ``folder`` by its relative name; no link is followed.

    Raises:
        EnvironmentProblem: a file cannot be read.
    """
    found = {file.relative_to(folder).as_posix(): file for file in _below(folder)}
    return {name: _digest(found[name]) for name in sorted(found) if name not in _UNSIGNED}


def read_bounded(file: Path, most: int) -> bytes:
    """The content of a regular file of at most ``most`` bytes. Raises OSError; ValueError where it is another thing."""
    fd = _opened(file)
    with os.fdopen(fd, "rb") as content:
        data = content.read(most + 1)
    if len(data) > most:
        raise ValueError(f"longer than {most:,} bytes")
    return data


def _below(folder: Path) -> Iterator[Path]:
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
        else:
            yield Path(entry.path)


def _digest(file: Path) -> str:
    try:
        with os.fdopen(_opened(file), "rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except ValueError:
        return NO_FILE
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot read {file}: {problem.strerror}", next_step="every file of a run has to be readable"
        ) from problem


def _opened(file: Path) -> int:
    # Asked of the open descriptor: a pipe would block, and a name may lead elsewhere a moment later.
    if stat.S_ISLNK(file.lstat().st_mode):
        raise ValueError(NO_FILE)
    fd = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if stat.S_ISREG(os.fstat(fd).st_mode):
        return fd
    os.close(fd)
    raise ValueError(NO_FILE)

"""The undo ledger: what a run is about to create, and how to undo it, written down BEFORE it is created.

One JSON object a line in ``ledger.jsonl`` of the run folder. A run holds an exclusive lock on ``lock`` beside it
for as long as its process lives; the kernel lets go of the lock when the process dies, however it dies. So
"may I reap this?" has one exact answer: yes, if the lock can be taken.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from harness.errors import EnvironmentProblem

LEDGER = "ledger.jsonl"
LOCK = "lock"
KEPT = "kept.json"
"""In the folder of what was made to be kept (`harness.kept`): it outlives the process that made it."""


class Undo(BaseModel):
    """How to undo one thing: the name of an undoer (entry point ``drill.undoers``) and its parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: str
    what: str
    """The resource as a person would call it; shown when it cannot be removed."""
    params: dict[str, str]


class _Line(BaseModel):
    op: Literal["planned", "undone"]
    entry: int
    undo: Undo | None = None


@dataclass(frozen=True)
class Entry:
    """A line of the ledger that is still open."""

    number: int
    undo: Undo


class Ledger:
    """Writer of one run's ledger. Safe to open again by a reaper after the writer died."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._next = 1 + max((line.entry for line in _read(folder)), default=0)
        self._fd = os.open(folder / LEDGER, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n")  # ends the line that a killed writer tore

    def plan(self, undo: Undo) -> Entry:
        """Write ``undo`` down and force it to disk; call this before creating the resource.

        Raises:
            EnvironmentProblem: it cannot be written, so the resource must not be created.
        """
        entry = Entry(self._next, undo)
        self._next += 1
        try:
            self._append(_Line(op="planned", entry=entry.number, undo=undo))
            os.fsync(self._fd)
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot write {self.folder / LEDGER}: {problem.strerror}",
                next_step="make room there and run the drill again",
            ) from problem
        return entry

    def done(self, entry: Entry) -> None:
        """The resource of ``entry`` is gone. Where that cannot be written, a reaper will find nothing to remove."""
        with suppress(OSError):
            self._append(_Line(op="undone", entry=entry.number))

    def open_entries(self) -> list[Entry]:
        """What still has to be undone, newest first."""
        return open_entries(self.folder)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _append(self, line: _Line) -> None:
        text = line.model_dump_json(exclude_none=True).encode() + b"\n"
        if os.write(self._fd, text) != len(text):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def open_entries(folder: Path) -> list[Entry]:
    """What the run in ``folder`` has not undone, newest first; empty where there is no ledger."""
    entries: dict[int, Entry] = {}
    for line in _read(folder):
        if line.op == "planned" and line.undo:
            entries[line.entry] = Entry(line.entry, line.undo)
        else:
            entries.pop(line.entry, None)
    return sorted(entries.values(), key=lambda entry: -entry.number)


def _read(folder: Path) -> Iterator[_Line]:
    try:
        lines = (folder / LEDGER).read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        # A torn line is a resource that was never created: plan() had not returned.
        with suppress(json.JSONDecodeError, UnicodeDecodeError):
            yield _Line.model_validate(json.loads(line))


class RunLock:
    """Held by a run's process for as long as it lives."""

    def __init__(self, folder: Path) -> None:
        self._fd = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def release(self) -> None:
        """Let go; a waiting watchdog wakes."""
        os.close(self._fd)


@contextmanager
def dead_run(folder: Path, *, wait: bool = False) -> Iterator[bool]:
    """True while the caller holds the lock of a run whose process is gone; False where it is alive, or made to be kept.

    With ``wait`` it blocks until the run's process has ended. Two reapers never work on one run at a time.
    """
    if not (folder / LOCK).exists():
        yield True  # a run takes its lock before it plans anything
        return
    fd = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield not (folder / KEPT).exists()
    finally:
        os.close(fd)

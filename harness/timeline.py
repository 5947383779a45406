"""The run's append-only journal: one JSON object a line, flushed as it is written.

Times are offsets in seconds on the monotonic clock from one anchor, written in the first event beside the
wall-clock time of the same moment. Everything that the report says about a run is derived from this file and
the probe's request log, so a crash at any point leaves a readable run.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from harness.errors import EnvironmentProblem
from harness.events import FORMAT, AnyEvent

_ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


class Timeline:
    """Writer of one run's ``timeline.jsonl``.

    Args:
        file: where to append; made if missing.
        anchor: monotonic time that counts as 0. A second writer (the watchdog) passes the first one's.
        clean: applied to every line before it is written (redaction).
    """

    def __init__(self, file: Path, *, anchor: float, clean: Callable[[str], str] = str) -> None:
        self.anchor = anchor
        self._file = file
        self._broken = False
        self._clean = clean
        self._lock = threading.RLock()
        self._listeners: list[Callable[[AnyEvent], None]] = []
        self._fd = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._seal()

    def _seal(self) -> None:
        # A writer that died in the middle of a line (kill, full disk) must not swallow the first event of the next
        # one. The empty line tells the reader that the line above it is torn, not damaged.
        size = os.fstat(self._fd).st_size
        if size and os.pread(self._fd, 1, size - 1) != b"\n":
            os.write(self._fd, b"\n\n")

    def now(self) -> float:
        """Seconds since the anchor."""
        return time.monotonic() - self.anchor

    def listen(self, listener: Callable[[AnyEvent], None]) -> None:
        """Call ``listener`` with every event from now on, in the writing thread."""
        self._listeners.append(listener)

    def write(self, event: AnyEvent) -> AnyEvent:
        """Stamp, append and flush ``event``; returns it as it was written, redacted.

        Raises:
            EnvironmentProblem: it cannot be written; only once, because the teardown that follows has events too.
        """
        with self._lock:
            stamped = event.model_copy(update={"at": round(self.now(), 4)})
            line = self._clean(stamped.model_dump_json())
            written = _ADAPTER.validate_json(line)
            for listener in self._listeners:
                listener(written)
            self._append(line.encode() + b"\n")
        return written

    def _append(self, line: bytes) -> None:
        if self._broken:
            return
        try:
            if os.write(self._fd, line) == len(line):
                return
            reason = "only a part of a line fitted"
        except OSError as problem:
            reason = problem.strerror or str(problem)
        self._broken = True
        raise EnvironmentProblem(
            f"cannot write {self._file}: {reason}", next_step="make room there and run the drill again"
        )

    def close(self) -> None:
        """Close the file; writing afterwards is an error."""
        os.close(self._fd)


def read_timeline(file: Path) -> list[AnyEvent]:
    """All events of ``file``. A torn line (its writer was killed in the middle) is left out.

    A line is torn when it is the last one, or when the next writer sealed it with an empty line.

    Raises:
        FileNotFoundError: there is no timeline.
        ValueError: any other line cannot be read, with its number.
    """
    return list(_events(file))


def _events(file: Path) -> Iterator[AnyEvent]:
    # Bytes, not str.splitlines(): that would also split at U+2028 and U+0085 inside a command's output.
    lines = file.read_bytes().split(b"\n")
    for number, (line, following) in enumerate(pairwise([*lines, b""]), start=1):
        if not line:
            continue
        try:
            parsed = json.loads(line)
        except ValueError as problem:  # JSONDecodeError and UnicodeDecodeError
            if not following:
                continue
            raise _unreadable(file, number, problem) from problem
        try:
            yield _ADAPTER.validate_python(parsed)
        except ValidationError as problem:
            raise _unreadable(file, number, problem) from problem


def _unreadable(file: Path, number: int, problem: ValueError) -> ValueError:
    return ValueError(f"{file}:{number}: not an event of format {FORMAT}: {problem}")

"""The probe's request log: one JSON object a line, in order of completion."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

REQUEST_ID = "X-Request-Id"
"""Header that every request of the probe carries; a service that logs it lets a failure speak for itself."""


def request_id(seq: int) -> str:
    """What ``REQUEST_ID`` says in request ``seq``; no id is the beginning of another."""
    return f"probe-{seq:08d}"


@dataclass(frozen=True, slots=True)
class Sample:
    """One request and its answer. Times are monotonic seconds since the run's anchor, to the microsecond."""

    seq: int
    """Counts from 0 in order of intended start, without gaps: a number that is missing is a request in flight."""
    name: str
    request: str
    """Method and path as sent, such as ``GET /orders/17``."""
    write: bool
    intended: float
    """When the schedule wanted it sent; what a user would have felt counts from here (wrk2, coordinated omission)."""
    start: float
    end: float
    status: int
    """0 where no status line came."""
    version: str
    """Release that answered; empty where the answer named none."""
    ok: bool
    """Status and body were as expected."""
    key: str
    """Idempotency key of a write; empty for reads."""
    error: str
    """Why it is not ok, in a few words; never text of the response, which may hold secrets."""


_ADAPTER = TypeAdapter(Sample)


class SampleReader:
    """Reads a log that is still being written.

    Args:
        path: the log; need not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offset = 0
        self._line = 0

    def new(self) -> list[Sample]:
        """Samples written since the last call, in order of completion. A torn last line waits for its end.

        Raises:
            ValueError: a whole line is not a sample; names the line.
        """
        try:
            with self.path.open("rb") as log:
                log.seek(self._offset)
                whole, newline, _ = log.read().rpartition(b"\n")
        except FileNotFoundError:
            return []
        self._offset += len(whole) + len(newline)
        return [self._parse(line) for line in whole.split(b"\n")] if newline else []

    def _parse(self, line: bytes) -> Sample:
        self._line += 1
        try:
            return _ADAPTER.validate_json(line)
        except ValidationError as problem:
            raise ValueError(f"{self.path}:{self._line}: not a line of a request log: {problem}") from problem


def write_line(sample: Sample) -> bytes:
    """``sample`` as a line of the log."""
    return _ADAPTER.dump_json(sample) + b"\n"


def read_samples(path: Path) -> list[Sample]:
    """All samples of ``path`` by intended start; empty where there is no file. A torn last line is left out.

    Raises:
        ValueError: a whole line is not a sample; names the line.
    """
    return sorted(SampleReader(path).new(), key=lambda sample: (sample.intended, sample.seq))

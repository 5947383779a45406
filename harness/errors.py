"""Every error that the engine raises on purpose.

    DrillError                 exit code
    ├── UsageProblem               3      the scenario or the command line is wrong
    │   └── FileProblem            3      … at a file, line and key
    │       ├── ScenarioProblem    3
    │       └── PolicyProblem      3
    └── EnvironmentProblem         4      the host, a tool, an image, an endpoint
        ├── GuardRefusal           4      the drill may not touch that
        └── ProvisionProblem       4      the stack did not come up

    Stop (no Exception: it arrives from a signal, anywhere, and no library's ``except Exception`` may swallow it)
    ├── Interrupted              130      Ctrl-C, SIGTERM, time box
    └── TimeLimit                  -      a phase used up its time

A message says what was expected, what was seen and where; ``next_step`` says what
to do. Whether trying again can help is a property of the type (``retryable``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What ``drill`` answers to the shell."""

    PASSED = 0
    FAILED = 1
    INCONCLUSIVE = 2
    USAGE = 3
    ENVIRONMENT = 4
    INTERRUPTED = 130


class DrillError(Exception):
    """Base of the tree; never raised itself.

    Args:
        message: what was expected and what was seen.
        next_step: what the reader should do now; may be empty.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.ENVIRONMENT
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class UsageProblem(DrillError):
    """The command line or a file given to it cannot be used."""

    exit_code = ExitCode.USAGE


@dataclass(frozen=True)
class Position:
    """A place in a file; line and column count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong with a file."""

    where: Position
    key: str
    """Dotted path of the key, such as ``paths.naive.attempts[0].steps``; empty for the whole file."""
    expected: str
    seen: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: {self.key or 'the file'}: expected {self.expected}"
        if self.seen:
            text += f", got {self.seen}"
        if self.suggestion:
            text += f" (did you mean {self.suggestion!r}?)"
        return text


class FileProblem(UsageProblem):
    """A file that the user wrote is invalid; carries every complaint, not only the first."""

    help: ClassVar[str]
    """Where the language of such files is explained."""

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("\n".join(str(complaint) for complaint in complaints), next_step=self.help)
        self.complaints = complaints


class ScenarioProblem(FileProblem):
    """A scenario file is invalid."""

    help = "`drill schema` prints what a scenario may say; docs/writing-scenarios.md explains it"


class PolicyProblem(FileProblem):
    """A gate policy is invalid."""

    help = "`drill schema --gate` prints what a policy may say; docs/gate.md explains it"


class EnvironmentProblem(DrillError):
    """The host cannot run this drill now."""


class GuardRefusal(EnvironmentProblem):
    """The drill would have touched something that it is not allowed to touch."""


class ProvisionProblem(EnvironmentProblem):
    """A part of the stack did not come up; a second try may help."""

    retryable = True


class Stop(BaseException):
    """Ends what the main thread does, wherever that is."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step


class Interrupted(Stop):
    """The user or the scheduler asked the run to stop."""


class TimeLimit(Stop):
    """A phase used up its time."""

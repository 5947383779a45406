"""``uses: command``, as a check: the team's own smoke script; its exit code is the answer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from pydantic import Field

from harness.command import Command
from harness.errors import EnvironmentProblem
from harness.model import CheckResult, Outcome
from harness.process import CommandResult
from harness.spi import Bench, Check, Scope
from harness.units import Duration

_LINES = 5
"""Lines of output that become evidence: the last ones, where a script says what went wrong."""


class CommandCheck(Command, Check):
    """Run a program: exit 0 is a pass, one of ``unknown`` is no answer, anything else is a fail, its timeout too."""

    uses: Literal["command"] = "command"
    unknown: tuple[int, ...] = Field(
        default=(3,),
        description="exit codes that mean `could not be asked`; 3 is what monitoring plug-ins use (Nagios guidelines)",
    )
    timeout: Duration = Field(default=30.0, description="the program is ended after this long, and has failed")

    def describe(self, scope: Scope) -> str:
        """The command line and what it has to answer."""
        return f"{self.line(scope)} → exit 0"

    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """Run it once. It is asked many times in a run, so only its last lines are kept."""
        evidence: tuple[str, ...] = ()
        with tempfile.TemporaryDirectory(dir=bench.run.scratch) as folder:
            try:
                result = self.start(bench, scope, timeout=self.timeout, log=Path(folder) / "output")
            except EnvironmentProblem as problem:
                outcome, seen = Outcome.UNKNOWN, problem.message
            else:
                outcome, seen, evidence = self._outcome(result), self._seen(result), _evidence(result)
        return CheckResult(
            name=self.name or self.line(scope), outcome=outcome, expected="exit 0", seen=seen, evidence=evidence
        )

    def _outcome(self, result: CommandResult) -> Outcome:
        if result.ok:
            return Outcome.PASS
        return Outcome.UNKNOWN if result.exit_code in self.unknown else Outcome.FAIL

    def _seen(self, result: CommandResult) -> str:
        return f"no end within {self.timeout:g} s" if result.exit_code is None else f"exit {result.exit_code}"


def _evidence(result: CommandResult) -> tuple[str, ...]:
    return () if result.ok else tuple(result.output.splitlines()[-_LINES:])

"""``uses: command``, as a step: a script of the team's, run as the team runs it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from harness.command import Command
from harness.spi import Bench, Scope, Step, StepOutcome


class CommandStep(Command, Step):
    """Run a program; exit 0 within the timeout is success."""

    uses: Literal["command"] = "command"

    def describe(self, scope: Scope) -> str:
        """The command line as a person would type it."""
        return self.line(scope)

    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Run it in the scenario's ``workdir``; the whole output is kept in the run folder."""
        log = _log_file(bench.run.folder / "logs", self.name or Path(self.run[0]).name)
        result = self.start(bench, scope, timeout=self.timeout, log=log)
        return StepOutcome(
            ok=result.ok,
            exit_code=result.exit_code,
            took=result.took,
            output=result.output,
            command=self.line(scope),
            log=str(log.relative_to(bench.run.folder)),
        )


def _log_file(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    number = 1 + sum(1 for _ in folder.iterdir())
    return folder / f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.log"

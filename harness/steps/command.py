"""``uses: command``, as a step: a script of the team's, run as the team runs it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from harness.command import Command, log_file
from harness.model import Cost
from harness.spi import Bench, Scope, Step, StepOutcome

COSTS = "DRILL_COSTS"
"""Variable with a file to which a step may append what it cost, a line of JSON each:
``{"what": "rows repaired", "count": 66}``."""


class CommandStep(Command, Step):
    """Run a program; exit 0 within the timeout is success."""

    uses: Literal["command"] = "command"

    def describe(self, scope: Scope) -> str:
        """The command line as a person would type it."""
        return self.line(scope)

    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Run it in the scenario's ``workdir``; the whole output is kept in the run folder."""
        log = log_file(bench.run, self.name or Path(self.run[0]).name)
        with tempfile.TemporaryDirectory(dir=bench.run.scratch) as folder:
            file = Path(folder) / "costs.jsonl"
            result = self.start(bench, scope, timeout=self.timeout, log=log, more={COSTS: str(file)})
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines() if file.is_file() else []
        costs = [_cost(line) for line in lines if line.strip()]
        complaints = [each for each in costs if isinstance(each, str)]
        return StepOutcome(
            ok=result.ok,
            exit_code=result.exit_code,
            took=result.took,
            output="\n".join([result.output, *complaints]),
            costs=tuple(each for each in costs if isinstance(each, Cost)),
            command=self.line(scope),
            log=str(log.relative_to(bench.run.folder)),
        )


def _cost(line: str) -> Cost | str:
    """What a line of the costs says, or what is wrong with it: a step that did its work has not failed by that."""
    try:
        return Cost.model_validate_json(line)
    except ValidationError:
        return f'[drill] ${COSTS}: expected {{"what": "rows repaired", "count": 66}}, got {line[:120]}'

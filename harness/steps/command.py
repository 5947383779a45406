"""A command of the team's: an argument list, an environment spelled out, a timeout. Never a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from harness.process import run_command
from harness.spi import Bench, Need, Scope, Step, StepOutcome

Argv = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: tuple(shlex.split(value)) if isinstance(value, str) else value,
        json_schema_input_type=str | list[str],
    ),
]


class CommandStep(Step):
    """Run a program. Words are split before ``{{ }}`` is filled: a value stays one argument, whatever is in it."""

    uses: Literal["command"] = "command"
    run: Argv = Field(description="program and arguments, as a list or as one line; found in `workdir` or on PATH")
    env: Mapping[str, str] = Field(default_factory=dict, description="variables besides those of the stack")

    def needs(self) -> Sequence[Need]:
        """The program itself, where it is not part of the scenario's folder."""
        return () if "/" in self.run[0] else (Need(kind="tool", name=self.run[0]),)

    def describe(self, scope: Scope) -> str:
        """The command line as a person would type it."""
        return shlex.join(self._argv(scope))

    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Run it in the scenario's ``workdir``; the whole output is kept in the run folder."""
        argv = self._argv(scope)
        program = bench.workdir / argv[0]
        if "/" in argv[0] and program.is_file():
            argv = [str(program), *argv[1:]]
        extra = {name: scope.render(value) for name, value in self.env.items()}
        log = _log_file(bench.run.folder / "logs", self.name or Path(argv[0]).name)
        result = run_command(
            argv,
            env={**bench.environment(), **extra},
            cwd=bench.workdir,
            timeout=self.timeout,
            log=log,
            clean=bench.run.redactor.clean,
        )
        return StepOutcome(
            ok=result.ok,
            exit_code=result.exit_code,
            took=result.took,
            output=result.output,
            command=self.describe(scope),
            log=str(log.relative_to(bench.run.folder)),
        )

    def _argv(self, scope: Scope) -> list[str]:
        return [scope.render(word) for word in self.run]


def _log_file(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    number = 1 + sum(1 for _ in folder.iterdir())
    return folder / f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}.log"

"""A program of the team's: an argument list and an environment spelled out. Never a shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from harness.process import CommandResult, run_command
from harness.spi import Bench, Need, Plugin, Run, Scope

Argv = Annotated[
    tuple[str, ...],
    Field(min_length=1),
    BeforeValidator(
        lambda value: tuple(shlex.split(value)) if isinstance(value, str) else value,
        json_schema_input_type=str | list[str],
    ),
]


def log_file(run: Run, name: str) -> Path:
    """A new file for the output of ``name`` in the run's folder, numbered in the order in which they are asked for."""
    folder = run.folder / "logs"
    folder.mkdir(exist_ok=True)
    number = 1 + sum(1 for _ in folder.iterdir())
    file = folder / f"{number:02d}-{re.sub(r'[^A-Za-z0-9._-]+', '-', name)[:60]}.log"
    file.touch()
    return file


class Command(Plugin):
    """What steps and checks that run a program have in common.

    Words are split before ``{{ }}`` is filled: a value stays one argument, whatever is in it.
    """

    run: Argv = Field(description="program and arguments, as a list or as one line; found in `workdir` or on PATH")
    env: Mapping[str, str] = Field(default_factory=dict, description="variables besides those of the stack")

    def needs(self) -> Sequence[Need]:
        """The program itself, where it is not part of the scenario's folder."""
        return () if "/" in self.run[0] else (Need(kind="tool", name=self.run[0]),)

    def line(self, scope: Scope) -> str:
        """The command line as a person would type it."""
        return shlex.join(self._argv(scope))

    def start(
        self, bench: Bench, scope: Scope, *, timeout: float, log: Path, more: Mapping[str, str] | None = None
    ) -> CommandResult:
        """Run it to its end in the scenario's ``workdir``, the whole output redacted into ``log``.

        Args:
            more: variables of the harness's own, besides those of the stack and of ``env``.

        Raises:
            EnvironmentProblem: it cannot be started at all.
        """
        argv = self._argv(scope)
        program = bench.workdir / argv[0]
        if "/" in argv[0] and program.is_file():
            argv = [str(program), *argv[1:]]
        extra = {name: scope.render(value) for name, value in self.env.items()}
        return run_command(
            argv,
            env={**bench.environment(), **extra, **(more or {})},
            cwd=bench.workdir,
            timeout=timeout,
            log=log,
            clean=bench.run.redactor.clean,
        )

    def _argv(self, scope: Scope) -> list[str]:
        return [scope.render(word) for word in self.run]

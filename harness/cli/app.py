"""The commands and how their errors reach the user: one message, one next step, an exit code; no stack trace."""

from __future__ import annotations

import sys
from typing import Any

import click

from harness.cli.library import library_command
from harness.cli.look import list_command, plan_command, schema_command, validate_command
from harness.cli.run import run_command
from harness.cli.schedule import schedule_command
from harness.cli.tend import doctor_command, reap_command, report_command
from harness.errors import DrillError, ExitCode, Interrupted

_HELP = """Rehearse a rollback: start a stack, deploy a bad release, run the real rollback path, time the recovery.

\b
  drill list                                   what can be rehearsed
  drill plan ecs-bad-migration                 what would happen, touching nothing
  drill run ecs-bad-migration                  do it, and read reports/<run>/report.md
  drill run ecs-bad-migration --path prepared  the same with the path of a team that prepared
  drill run my-service.yaml --set budgets.rto=2m

\b
Exit codes: 0 passed · 1 failed · 2 inconclusive · 3 invalid scenario or usage · 4 environment · 130 interrupted
"""


class _Commands(click.Group):
    """A group whose usage errors have this project's exit code."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as problem:
            click.echo(problem.ctx.get_help() if problem.ctx else "")
            sys.exit(ExitCode.USAGE)
        except click.ClickException as problem:
            problem.show()
            sys.exit(ExitCode.USAGE)
        except Interrupted as problem:
            click.echo(f"interrupted by {problem.message}", err=True)
            sys.exit(ExitCode.INTERRUPTED)
        except (click.Abort, KeyboardInterrupt):
            click.echo("interrupted", err=True)
            sys.exit(ExitCode.INTERRUPTED)
        except DrillError as problem:
            _complain(problem)
            sys.exit(problem.exit_code)


def _complain(problem: DrillError) -> None:
    click.secho(problem.message, fg="red", err=True)
    if problem.next_step:
        click.echo(f"→ {problem.next_step}", err=True)


@click.group(
    cls=_Commands, help=_HELP, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="drill")
def main() -> None:
    """See _HELP."""


for _command in (
    run_command,
    list_command,
    plan_command,
    validate_command,
    doctor_command,
    report_command,
    reap_command,
    schema_command,
    library_command,
    schedule_command,
):
    main.add_command(_command)

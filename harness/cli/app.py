"""The commands and how their errors reach the user: one message, one next step, an exit code; no stack trace."""

from __future__ import annotations

import sys
from pkgutil import resolve_name
from typing import Any

import click

from harness.errors import DrillError, ExitCode, Interrupted

_HELP = """Rehearse a rollback: start a stack, deploy a bad release, run the real rollback path, time the recovery.

\b
  drill list                                   what can be rehearsed
  drill plan ecs-bad-migration                 what would happen, touching nothing
  drill run ecs-bad-migration                  do it, and read reports/<run>/report.md
  drill run ecs-bad-migration --path prepared  the same with the path of a team that prepared
  drill run my-service.yaml --set budgets.rto=2m
  drill gate                                   is everything rehearsed that drill-gate.yaml asks for?

\b
Exit codes: 0 passed · 1 failed · 2 inconclusive · 3 invalid scenario or usage · 4 environment · 130 interrupted
"""


_COMMANDS = {
    "doctor": "harness.cli.tend:doctor_command",
    "gate": "harness.cli.gate:gate_command",
    "history": "harness.cli.history:history_command",
    "init": "harness.cli.init:init_command",
    "library": "harness.cli.library:library_command",
    "list": "harness.cli.look:list_command",
    "modes": "harness.cli.modes:modes_command",
    "notify": "harness.cli.notify:notify_command",
    "plan": "harness.cli.look:plan_command",
    "reap": "harness.cli.tend:reap_command",
    "report": "harness.cli.tend:report_command",
    "run": "harness.cli.run:run_command",
    "sabotage": "harness.cli.sabotage:sabotage_command",
    "schedule": "harness.cli.schedule:schedule_command",
    "schema": "harness.cli.look:schema_command",
    "sign": "harness.cli.evidence:sign_command",
    "site": "harness.cli.site:site_command",
    "stack": "harness.cli.stack:stack_command",
    "summary": "harness.cli.summary:summary_command",
    "traffic": "harness.cli.init:traffic_command",
    "trend": "harness.cli.history:trend_command",
    "validate": "harness.cli.look:validate_command",
    "verify": "harness.cli.evidence:verify_command",
}
"""Where each command is. Imported when it is used: the container engine's SDK alone takes longer than a query."""


class _Commands(click.Group):
    """A group that imports a command when it is used, and whose usage errors have this project's exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = resolve_name(_COMMANDS[cmd_name])
        return command

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

"""``drill run``."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.common import prepared, scenario_options, signing_key_option
from harness.cli.evidence import signing
from harness.cli.live import live_display
from harness.cli.options import runs_option
from harness.errors import ExitCode
from harness.record import RunRecord
from harness.runner.machine import run_drill
from harness.runner.session import Options, open_session
from harness.tap import parse_sabotage
from harness.verdict import exit_code


@click.command("run")
@click.argument("scenarios", nargs=-1, required=True, metavar="SCENARIO...")
@scenario_options
@click.option(
    "--allow-remote",
    multiple=True,
    metavar="HOST",
    help="An endpoint that is not local and that the scenario names under `allow:`.",
)
@click.option(
    "--sabotage",
    "sabotages",
    multiple=True,
    metavar="KIND:SERVICE:ACTION",
    help="Break the API that the path talks to, during attempt 1: deny, throttle, delay, cut or fail.",
)
@runs_option
@signing_key_option("--sign")
@click.option("--json", "as_json", is_flag=True, help="Print run.json instead of progress.")
def run_command(
    scenarios: Sequence[str],
    overrides: Sequence[str],
    without: Sequence[str],
    path_name: str,
    allow_remote: Sequence[str],
    sabotages: Sequence[str],
    runs: Path,
    key: Path | None,
    as_json: bool,
) -> None:
    """Rehearse one or more scenarios, one after the other.

    \b
    drill run ecs-bad-migration
    drill run ecs-bad-migration --path prepared
    drill run ecs-bad-migration --set budgets.rto=1s       over budget is failed
    drill run ecs-bad-migration --without fault            proves the drill: inconclusive
    drill run ecs-bad-migration --sabotage deny:ecs:UpdateService
    drill run ecs-bad-migration --sabotage throttle:ecs:*:3 --sabotage delay:ecs:Describe*:2s
    """
    broken = tuple(parse_sabotage(each) for each in sabotages)
    drills = [prepared(name, overrides, without, path_name) for name in scenarios]
    sign = signing(key, runs)
    worst = ExitCode.PASSED
    for loaded, path, mutations in drills:
        changes = (*mutations, *(f"--sabotage {each.spec}" for each in broken))
        command = shlex.join(
            [
                "drill",
                "run",
                loaded.scenario.name,
                "--path",
                path,
                *(word for change in changes for word in change.split(" ", 1)),
            ]
        )
        session = open_session(loaded, Options(path, runs, command, frozenset(allow_remote), changes, broken))
        with live_display(session, quiet=as_json):
            record = run_drill(session)
        _say(record, runs, as_json)
        worst = max(worst, _exit_code(record), sign(session.run.folder))
        if record.interrupted_by:
            break
    raise click.exceptions.Exit(worst)


def _exit_code(record: RunRecord) -> ExitCode:
    """A drill that left something behind did not go well, whatever it found."""
    code = exit_code(record.verdict)
    return ExitCode.ENVIRONMENT if record.left_behind and code is ExitCode.PASSED else code


def _say(record: RunRecord, runs: Path, as_json: bool) -> None:
    if as_json:
        click.echo(record.model_dump_json(indent=1))
        return
    colour = {"passed": "green", "failed": "red"}.get(record.verdict.value, "yellow")
    click.secho(f"\n{record.verdict.value.upper()}", fg=colour, bold=True)
    for reason in record.reasons:
        click.echo(f"  {reason}")
    click.echo(f"  report: {runs / record.run / 'report.md'}")

"""``drill run``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, DurationType, load, prepared, scenario_options, signing_key_option
from harness.cli.evidence import signing
from harness.cli.options import notify_options, runs_option, seed_option
from harness.cli.series import Asked, Drill, run_all, run_box
from harness.errors import UsageProblem
from harness.notify.delivery import Notices
from harness.sabotages.api import named_saboteur
from harness.scenario.find import all_scenarios


@click.command("run")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
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
    metavar="NAME",
    help="Break this during attempt 1: a name of `drill sabotage --list`, or KIND:SERVICE:ACTION of an API "
    "(deny, throttle, delay, cut or fail).",
)
@seed_option
@click.option(
    "--time-box",
    type=DurationType(),
    metavar="DURATION",
    help="Start only what can end in time, teardown included; without a SCENARIO choose from all, on every path.",
)
@runs_option
@signing_key_option("--sign")
@notify_options
@click.option("--json", "as_json", is_flag=True, help="Print run.json instead of progress.")
def run_command(
    scenarios: Sequence[str],
    overrides: Sequence[str],
    without: Sequence[str],
    path_name: str,
    allow_remote: Sequence[str],
    sabotages: Sequence[str],
    seed: int,
    time_box: float | None,
    runs: Path,
    key: Path | None,
    as_json: bool,
    notices: Notices,
) -> None:
    """Rehearse one or more scenarios, one after the other.

    \b
    drill run ecs-bad-migration
    drill run ecs-bad-migration --path prepared
    drill run ecs-bad-migration --set budgets.rto=1s       over budget is failed
    drill run ecs-bad-migration --without fault            proves the drill: inconclusive
    drill run ecs-bad-migration --sabotage runner-killed
    drill run ecs-bad-migration --sabotage deny:ecs:UpdateService
    drill run ecs-bad-migration --sabotage throttle:ecs:*:3 --sabotage delay:ecs:Describe*:2s
    drill run --time-box 30m                               what was drilled longest ago, as much as fits

    \b
    In a time box, what is left for next time does not change the exit code; it is 2 when a run had to be cut off,
    when a scenario needs more than the whole box, or when nothing was run (docs/schedule.md).
    """
    if not scenarios and time_box is None:
        raise UsageProblem("no scenario named", next_step="`drill list` lists the scenarios")
    if scenarios:
        drills = [Drill(*prepared(name, overrides, without, path_name)) for name in scenarios]
    else:
        drills = _every(overrides, without, path_name)
    drills = [each.sabotaged([named_saboteur(name) for name in sabotages], seed) for each in drills]
    asked = Asked(runs, frozenset(allow_remote), as_json, signing(key, runs), notices=notices)
    raise click.exceptions.Exit(run_all(drills, asked) if time_box is None else run_box(drills, asked, time_box))


def _every(overrides: Sequence[str], without: Sequence[str], path_name: str) -> list[Drill]:
    """Every scenario on every path, or on ``path_name`` where it has that."""
    drills = []
    for file in all_scenarios(SCENARIOS):
        for path in load(file).scenario.paths:
            if path_name in ("", path):
                drills.append(Drill(*prepared(str(file), overrides, without, path)))
    if not drills:
        raise UsageProblem(f"no scenario has a path {path_name!r}", next_step="`drill list` lists scenarios and paths")
    return drills

"""``drill gate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, load
from harness.cli.drills import drill_alone
from harness.cli.notify import tell
from harness.cli.options import RUNS, notify_options, runs_option
from harness.errors import ExitCode
from harness.gate.judgement import Judged, State, judge
from harness.gate.policy import POLICY_FILE, load_policy
from harness.history import edited, read
from harness.notify.delivery import Notices
from harness.notify.drills import gate_result
from harness.origin import operator
from harness.resilience import read_scores
from harness.scenario.find import all_scenarios

_COLOURS = {State.MET: "green", State.STALE: "yellow", State.MISSING: "yellow"}


@click.command("gate")
@click.option(
    "--policy",
    "policy_file",
    type=click.Path(path_type=Path),
    default=POLICY_FILE,
    show_default=True,
    help="What has to be met; docs/gate.md says what it may say.",
)
@click.option("--run", "run_open", is_flag=True, help="First run what is missing, stale, or was never judged.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@notify_options
def gate_command(policy_file: Path, run_open: bool, runs: Path, as_json: bool, notices: Notices) -> None:
    """May this go live? Exit 0 when every required drill recovered well enough, recently enough; 1 otherwise.

    \b
    drill gate                    look only: what is met, what is not, and the command that would settle it
    drill gate --run              rehearse first what nobody has rehearsed lately, then look again
    drill gate --policy team.yaml --json
    """
    scenarios = {each.name: each for each in (load(file).scenario for file in all_scenarios(SCENARIOS))}
    policy = load_policy(policy_file, scenarios)

    def judged() -> Sequence[Judged]:
        return judge(policy, scenarios, read(runs), datetime.now(UTC), partial(edited, runs), read_scores(runs))

    answers = judged()
    wanted = {(each.scenario, each.path): None for each in answers if each.unrehearsed} if run_open else {}
    if wanted and not as_json:
        _print(answers, runs)
    for scenario, path in wanted:
        click.echo(f"\n→ drill run {scenario} --path {path}", err=as_json)
        drill_alone(scenario, path, runs, quiet=as_json, notices=notices)
    if wanted:
        answers = judged()
        click.echo(err=as_json)
    if as_json:
        click.echo(json.dumps([_for_machines(each, runs) for each in answers], indent=1))
    else:
        _print(answers, runs)
    if notices.targets:
        tell(gate_result(answers, operator()), notices.targets, partial(click.echo, err=True))
    met = all(each.state is State.MET for each in answers)
    raise click.exceptions.Exit(ExitCode.PASSED if met else ExitCode.FAILED)


def _print(answers: Sequence[Judged], runs: Path) -> None:
    """Plain lines, so that a command is never broken in two; they can be copied."""
    names = [f"{each.scenario} · {each.path}" for each in answers]
    width = max(map(len, names), default=0)
    for name, each in zip(names, answers, strict=True):
        state = click.style(f"{each.state:<8}", fg=_COLOURS.get(each.state, "red"))
        click.echo(f"{state} {name:<{width}}  {each.reason}")
        if each.settle:
            click.echo(f"{'':<8} → {_settle(each, runs)}")
    met = sum(each.state is State.MET for each in answers)
    click.echo(f"{met} of {len(answers)} requirements are met")


def _for_machines(each: Judged, runs: Path) -> dict[str, object]:
    return {**each.model_dump(mode="json"), "settle": _settle(each, runs)}


def _settle(each: Judged, runs: Path) -> str:
    return f"{each.settle} --runs {runs}" if each.settle and runs != RUNS else each.settle

"""``drill sabotage``: every sabotage that applies, one drill each, and the rollback resilience score."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from harness.cli.common import prepared, scenario_options
from harness.cli.options import runs_option, seed_option
from harness.cli.series import Asked, Drill, code_of, run_all
from harness.errors import ExitCode, UsageProblem
from harness.history import read
from harness.record import RunRecord
from harness.report.markdown import told_score, write_series_page
from harness.resilience import LeftOut, Series, Tried, plan, tried_of, write_series
from harness.sabotages import Saboteur, saboteur, saboteurs
from harness.timebox import Candidate, candidate
from harness.units import figure, format_duration


@click.command("sabotage")
@click.argument("scenario", default="", metavar="[SCENARIO]")
@scenario_options
@seed_option
@click.option("--only", multiple=True, metavar="NAME", help="Only this one; several are possible.")
@click.option("--list", "list_all", is_flag=True, help="Say which sabotages there are.")
@click.option("--plan", "only_plan", is_flag=True, help="Say what would be tried; start nothing.")
@click.option("--allow-remote", multiple=True, metavar="HOST", help="As for `drill run`.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print sabotage.json instead of progress.")
def sabotage_command(
    scenario: str,
    overrides: Sequence[str],
    without: Sequence[str],
    path_name: str,
    seed: int,
    only: Sequence[str],
    list_all: bool,
    only_plan: bool,
    allow_remote: Sequence[str],
    runs: Path,
    as_json: bool,
) -> None:
    """Break the machinery of a rollback, one thing at a time: does the path still recover inside its budgets?

    \b
    drill sabotage --list
    drill sabotage ecs-bad-migration --path prepared --plan
    drill sabotage ecs-bad-migration --path prepared
    drill sabotage vps-stale-workers --path prepared --only disk-full --only runner-killed

    The score is recovered over tried; `drill gate` asks for it with `min_score` (docs/sabotage.md).
    Exit codes are those of `drill run`; the worst run decides.
    """
    if list_all:
        _list()
        return
    if not scenario:
        raise UsageProblem("no scenario named", next_step="`drill list` lists the scenarios")
    drill = Drill(*prepared(scenario, overrides, without, path_name))
    wanted = tuple(saboteur(name) for name in only)
    apply, left_out = plan(drill.loaded.scenario, drill.path, seed)
    if wanted:
        drill.sabotaged(wanted, seed)
        apply = tuple(each for each in apply if each.name in only)
    asked = Asked(runs, frozenset(allow_remote), as_json)
    _say_plan(drill, apply, left_out, seed, asked)
    if only_plan or not apply:
        raise click.exceptions.Exit(ExitCode.PASSED if apply else ExitCode.INCONCLUSIVE)
    raise click.exceptions.Exit(_run(drill, apply, left_out, seed, asked, partial=bool(wanted)))


def _run(
    drill: Drill, apply: Sequence[Saboteur], left_out: Sequence[LeftOut], seed: int, asked: Asked, *, partial: bool
) -> ExitCode:
    started, records = datetime.now(UTC), list[RunRecord]()

    def ended(record: RunRecord) -> None:
        records.append(record)
        if following := apply[len(records) :]:
            asked.say(f"\n{len(records) + 1}/{len(apply)} {following[0].name}: {following[0].breaks}")

    asked.say(f"\n1/{len(apply)} {apply[0].name}: {apply[0].breaks}")
    code = run_all([drill.sabotaged([each], seed) for each in apply], replace(asked, ended=ended))
    tried = [tried_of(*pair) for pair in zip(apply, records, strict=False)]
    series = Series(
        series=f"{started:%Y-%m-%dT%H-%M-%SZ}-sabotage-{secrets.token_hex(2)}",
        scenario=drill.loaded.scenario.name,
        path=drill.path,
        seed=seed,
        wall=started.isoformat(timespec="milliseconds"),
        commit=records[-1].commit if records else "",
        rto=drill.loaded.scenario.budgets.rto,
        changes=(*drill.changes, *(["--only"] if partial else [])),
        order=tuple(each.name for each in apply),
        tried=tuple(tried),
        left_out=tuple(left_out),
    )
    write_series(asked.runs, series)
    page = write_series_page(series, asked.runs / series.series)
    if asked.as_json:
        click.echo(series.model_dump_json(indent=1))
    else:
        _say_series(series, page)
    codes = [code_of(record) for record, each in zip(records, tried, strict=True) if not each.nothing]
    return code if code is ExitCode.INTERRUPTED else max(codes, default=ExitCode.INCONCLUSIVE)


def _list() -> None:
    table = Table("sabotage", "what breaks", "over by itself", box=None, header_style="bold")
    for each in saboteurs():
        table.add_row(
            each.name, each.breaks + (" (simulated)" if each.simulated else ""), "yes" if each.passes else "no"
        )
    Console().print(table)


def _say_plan(drill: Drill, apply: Sequence[Saboteur], left_out: Sequence[LeftOut], seed: int, asked: Asked) -> None:
    estimates = {each.name: _candidate(drill, each, seed, asked.runs).estimate for each in apply}
    total = format_duration(sum(each.median for each in estimates.values()))
    asked.say(f"{drill.name}, seed {seed}: {len(apply)} sabotages apply, about {total} in all")
    for number, each in enumerate(apply, start=1):
        asked.say(f"{number:3}. {each.name}: {each.breaks}; {estimates[each.name]}")
    for left in left_out:
        asked.say(f"  -  {left.sabotage}: {left.why}")


def _candidate(drill: Drill, who: Saboteur, seed: int, runs: Path) -> Candidate:
    """By earlier runs with the same sabotage; by those without any where there are none."""
    scenario, changed = drill.loaded.scenario, drill.sabotaged([who], seed)
    rows = read(runs, scenario=scenario.name, path=drill.path)
    same = [row for row in rows if row.changes == changed.changes]
    return candidate(scenario, drill.path, same or rows, changes=changed.changes if same else drill.changes)


def _say_series(series: Series, page: Path) -> None:
    """Plain lines, as of the gate: a name is never broken in two."""
    rows = [("sabotage", "verdict", "recovered on", "recovery time", "met"), *map(_row, series.tried)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    click.echo()
    for row in rows:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
    colour = "green" if series.score == 1 else "yellow"
    click.secho(f"\n{told_score(series)}", fg=colour, bold=True)
    if series.score is not None and not series.kept:
        click.echo(f"  no gate counts on it: changed by {' '.join(series.changes)}")
    click.echo(f"  page: {page}")


def _row(each: Tried) -> tuple[str, ...]:
    if each.nothing:
        return each.sabotage, "not tried", "-", "-", each.why
    attempt = f"attempt {each.attempt}" if each.recovered else "-"
    recovery = figure(each.recovery, "s") if each.recovered else "-"
    return each.sabotage, each.verdict, attempt, recovery, each.findings[0] if each.findings else "nothing"

"""``drill history`` and ``drill trend``: what was rehearsed, and how it develops."""

from __future__ import annotations

import json
from pathlib import Path

import click

from harness.cli.options import runs_option
from harness.history import HistoryRow, read, rebuild
from harness.model import Verdict
from harness.resilience import rebuild_scores
from harness.trend import LEAST, WINDOW, Trend, trends
from harness.units import figure, format_duration

_COLOURS = {Verdict.PASSED: "green", Verdict.FAILED: "red"}
_FIRST = {True: "clean", False: "broken", None: "unknown"}
_MARKS = {True: "✓", False: "✗", None: "?"}


@click.command("history")
@click.argument("scenario", default="", metavar="[SCENARIO]")
@click.option("--path", default="", metavar="NAME", help="Only of this recovery path.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Newest runs to show.")
@click.option("--rebuild", "again", is_flag=True, help="First make the store again from the run folders.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def history_command(scenario: str, path: str, limit: int, again: bool, runs: Path, as_json: bool) -> None:
    """The runs so far, newest first: when, verdict, recovery time, first attempt, what was changed.

    \b
    drill history
    drill history ecs-bad-migration --path prepared --limit 5
    drill history --rebuild             the store was lost, or came from another version
    """
    if again:
        _rebuild(runs)
    rows = read(runs, scenario=scenario, path=path, limit=limit)
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in rows], indent=1))
        return
    names = [f"{each.scenario} · {each.path}" for each in rows]
    width = max(map(len, names), default=0)
    for name, row in zip(names, rows, strict=True):
        click.echo(_line(row, f"{name:<{width}}"))
    if not rows:
        click.echo(_nothing(runs, scenario))


def _rebuild(runs: Path) -> None:
    done = rebuild(runs)
    rebuild_scores(runs)
    click.echo(f"{done.rows} runs are in the history of {runs}", err=True)
    for each in done.skipped:
        click.echo(f"left out: {each}", err=True)
    if done.aside:
        click.echo(f"the store that could not be read is {done.aside}", err=True)


def _line(row: HistoryRow, name: str) -> str:
    verdict = click.style(f"{row.verdict:<12}", fg=_COLOURS.get(row.verdict, "yellow"))
    first = "" if row.first_attempt_clean is None else f"first attempt {_FIRST[row.first_attempt_clean]}"
    recovery = "" if row.recovery is None else figure(row.recovery, "s")
    changes = f"  {' '.join(row.changes)}" if row.changes else ""
    return f"{row.wall[:16].replace('T', ' ')}  {verdict}  {name}  {recovery:>12}  {first:<20}  {row.run}{changes}"


@click.command("trend")
@click.argument("scenario", default="", metavar="[SCENARIO]")
@click.option("--path", default="", metavar="NAME", help="Only of this recovery path.")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def trend_command(scenario: str, path: str, runs: Path, as_json: bool) -> None:
    """Recovery time and first attempts over time, the change since the last run, and whether it is more than noise.

    Counts runs that passed or failed, without --set and --without. More than noise: modified z-score (Iglewicz and
    Hoaglin) beyond 3.5, against median and median absolute deviation of up to 30 earlier runs, at least 5.

    \b
    drill trend
    drill trend ecs-bad-migration --path prepared --json
    """
    found = trends(read(runs, scenario=scenario, path=path, each=WINDOW + 1))
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=1))
        return
    for each in found:
        click.echo(_text(each))
    if not found:
        click.echo(_nothing(runs, scenario))


def _text(trend: Trend) -> str:
    newest = trend.newest
    clean = [each for each in trend.first_attempt_clean if each is not None]
    marks = "".join(_MARKS[each] for each in trend.first_attempt_clean)
    times = "  ".join(figure(each, "s") for each in trend.recovery[-6:])
    lines = (
        click.style(f"{trend.scenario} · {trend.path}", bold=True) + f"  {newest.verdict} on {newest.wall[:10]}",
        f"  recovery time  {figure(newest.recovery, 's')}{_change(trend)}; {_noise(trend)}",
        f"                 {times}",
        f"  first attempt  {_FIRST[newest.first_attempt_clean]}; {sum(clean)} of the last {len(clean)} clean: {marks}",
    )
    return "\n".join(lines)


def _change(trend: Trend) -> str:
    if trend.change is None:
        return ""
    return f", {'+' if trend.change >= 0 else '-'}{format_duration(abs(trend.change))} since the run before"


def _noise(trend: Trend) -> str:
    if trend.score is None or trend.typical is None:
        return f"noise or not is unknown: that needs a recovery and {LEAST} earlier ones"
    which = f"MORE THAN NOISE ({'slower' if trend.score > 0 else 'faster'})" if trend.beyond_noise else "within noise"
    return f"{which}: median before {figure(trend.typical, 's')}, modified z-score {trend.score:+.1f}"


def _nothing(runs: Path, scenario: str) -> str:
    return f"no run{f' of {scenario}' if scenario else ''} in {runs}"

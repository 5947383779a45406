"""``drill library``: every scenario, every path, and the mutations that prove them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, load
from harness.cli.options import RUNS
from harness.errors import ExitCode, UsageProblem
from harness.model import Verdict
from harness.notify.delivery import NOBODY
from harness.record import RECOVERY_TIME
from harness.scenario.find import all_scenarios
from harness.units import format_duration

_TABLE = Path("docs/library.md")
_HEAD = """# The library, as last run

Written by `make library`: every scenario on every path, and the mutations that prove it. A drill without its fault
must be *inconclusive*, one without its remedies must be *failed*; anything else means that the drill proves nothing.
Each row says when it was run last, and of which commit.

| scenario | path | mutation | verdict | as it must be | recovery time | date | commit |
|---|---|---|---|---|---:|---|---|
"""


@dataclass(frozen=True)
class Row:
    """One run of the library and what it must come to."""

    scenario: str
    path: str
    mutation: str
    expected: Verdict


@dataclass(frozen=True)
class Done:
    """How a row went."""

    row: Row
    verdict: str
    recovery: str
    commit: str

    @property
    def good(self) -> bool:
        """Whether it came to what it must."""
        return self.verdict == self.row.expected


def rows_of(scenarios: Sequence[Path]) -> Iterator[Row]:
    """The runs that prove ``scenarios``: each path, each path without fault, each path with remedies without them."""
    for file in scenarios:
        scenario = load(file).scenario
        for name, path in scenario.paths.items():
            yield Row(scenario.name, name, "", Verdict.PASSED)
            yield Row(scenario.name, name, "fault", Verdict.INCONCLUSIVE)
            if path.remedies:
                yield Row(scenario.name, name, "remedies", Verdict.FAILED)


@click.command("library")
@click.option("--jobs", type=click.IntRange(1, 8), default=2, show_default=True, help="Drills at a time.")
@click.option(
    "-k",
    "pattern",
    default="",
    metavar="TEXT",
    help="Only scenarios whose name contains TEXT; docs/library.md keeps the other rows as they are.",
)
def library_command(jobs: int, pattern: str) -> None:
    """Run every scenario, path and mutation; write docs/library.md; exit 1 when a row is not as it must be."""
    everything = list(rows_of(list(all_scenarios(SCENARIOS))))
    rows = [row for row in everything if pattern in row.scenario]
    if not rows:
        raise UsageProblem(f"no scenario contains {pattern!r}", next_step="`drill list`")
    with ThreadPoolExecutor(jobs) as pool:
        done = []
        for result in pool.map(_run, rows):
            mark = click.style("✓", fg="green") if result.good else click.style("✗", fg="red")
            click.echo(f"{mark} {_name(result.row):<60} {result.verdict:<14} {result.recovery}")
            done.append(result)
            _write(everything, [result])  # a library that is cut short has shown what it has shown
    bad = sum(not each.good for each in done)
    click.echo(f"{len(done) - bad} of {len(done)} rows are as they must be")
    raise click.exceptions.Exit(ExitCode.FAILED if bad else ExitCode.PASSED)


def _run(row: Row) -> Done:
    """Each drill in a process of its own, as a user would start it."""
    argv = [
        str(Path(sys.executable).with_name("drill")),
        "run",
        row.scenario,
        "--path",
        row.path,
        "--json",
        "--runs",
        str(RUNS),
    ]
    argv += ["--without", row.mutation] if row.mutation else []
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, env=NOBODY.environment())
    try:
        record = json.loads(ended.stdout)
    except json.JSONDecodeError:
        return Done(row, f"no record: {ended.stderr.strip()[-200:]}", "", "")
    figures = {each["name"]: each["value"] for each in record["metrics"]}
    took = figures.get(RECOVERY_TIME) if record["verdict"] == Verdict.PASSED else None  # elsewhere nothing recovered
    return Done(row, record["verdict"], format_duration(took) if took else "-", record["commit"])


def _name(row: Row) -> str:
    return f"{row.scenario} · {row.path}" + (f" · without {row.mutation}" if row.mutation else "")


def _write(everything: Sequence[Row], done: Sequence[Done]) -> None:
    """The table with the rows of today; the others as they were, and those of scenarios that are gone left out."""
    before = _TABLE.read_text(encoding="utf-8").splitlines(keepends=True) if _TABLE.exists() else []
    lines = {"|".join(line.split("|")[:4]) + "|": line for line in before if line.startswith("| ")}
    lines |= {_key(each.row): _line(each) for each in done}
    _TABLE.parent.mkdir(exist_ok=True)
    _TABLE.write_text(
        _HEAD + "".join(lines[key] for row in everything if (key := _key(row)) in lines), encoding="utf-8"
    )


def _key(row: Row) -> str:
    """How its line begins."""
    return f"| {row.scenario} | {row.path} | {f'without {row.mutation}' if row.mutation else '-'} |"


def _line(done: Done) -> str:
    cells = (
        done.verdict,
        "yes" if done.good else "**no**",
        done.recovery,
        f"{datetime.now(UTC):%Y-%m-%d}",
        done.commit,
    )
    return f"{_key(done.row)} {' | '.join(cells)} |\n"

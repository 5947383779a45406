"""``drill modes``: the failure-mode catalogue, and which scenarios drill each mode."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import click
from rich.console import Console
from rich.table import Table

from harness.catalogue import Mode, load_catalogue
from harness.cli.common import SCENARIOS, load
from harness.scenario.find import all_scenarios
from harness.scenario.models import Scenario

_HEAD = """# Failure modes, and where they are drilled

Written by `drill modes --markdown`. A scenario is named where it teaches the mode; **bold** where its first attempt
must break with exactly this finding, which `make library` proves. *Reported*: a source tells of a rollback that failed
so; *mechanism*: a source proves that it would. ★ marks what is most frequent or most damaging.

"""


@dataclass(frozen=True)
class Drilled:
    """A mode of the catalogue and the scenarios that rehearse it."""

    mode: Mode
    teach: tuple[str, ...]
    """Names of scenarios that teach it."""
    find: tuple[str, ...]
    """Those of them in which a first attempt has to break with it."""

    @cached_property
    def row(self) -> dict[str, object]:
        """For machines."""
        mode = self.mode.filled()
        kept = ("id", "title", "why", "prevent", "check", "sources", "reported", "star")
        return {name: getattr(mode, name) for name in kept} | {"scenarios": self.teach, "findings": self.find}


def drilled(scenarios: Sequence[Scenario]) -> list[Drilled]:
    """Every mode of the catalogue, in its order."""
    rows = []
    for mode in load_catalogue().values():
        teach = [each for each in scenarios if mode.id in each.teaches]
        find = [each for each in teach if any(mode.id in path.findings for path in each.paths.values())]
        rows.append(Drilled(mode, tuple(each.name for each in teach), tuple(each.name for each in find)))
    return rows


@click.command("modes")
@click.option("--json", "form", flag_value="json", help="For machines.")
@click.option("--markdown", "form", flag_value="markdown", help="With the sources, as docs/failure-modes.md.")
def modes_command(form: str | None) -> None:
    """List the ways in which rollbacks fail that drill knows, and the scenarios that rehearse each.

    \b
      drill modes                    what is drilled, and what is not yet
      drill modes --markdown > docs/failure-modes.md
    """
    rows = drilled([load(file).scenario for file in all_scenarios(SCENARIOS)])
    if form == "json":
        click.echo(json.dumps([each.row for each in rows], indent=1))
    elif form == "markdown":
        click.echo(_markdown(rows), nl=False)
    else:
        Console().print(_table(rows))
        click.echo(_total(rows))


def _total(rows: Sequence[Drilled]) -> str:
    return f"{sum(bool(each.teach) for each in rows)} of {len(rows)} modes are drilled."


def _table(rows: Sequence[Drilled]) -> Table:
    table = Table("mode", "how it fails", "drilled by", box=None, header_style="bold")
    for each in rows:
        mode = each.mode.filled()
        table.add_row(mode.id + ("★" if mode.star else ""), mode.title, ", ".join(each.teach) or "-")
    return table


def _markdown(rows: Sequence[Drilled]) -> str:
    lines = ["| mode | how it fails | what shows it | drilled by | sources |", "|---|---|---|---|---|"]
    for each in rows:
        mode = each.mode.filled()
        names = (f"**{name}**" if name in each.find else name for name in each.teach)
        kind = "reported" if mode.reported else "mechanism"
        cells = (
            mode.id + (" ★" if mode.star else ""),
            f"{mode.title}. {mode.why}",
            mode.check,
            ", ".join(names) or "not yet",
            f"{kind}: {'; '.join(mode.sources)}",
        )
        lines.append("| " + " | ".join(_cell(each) for each in cells) + " |")
    return _HEAD + _total(rows) + "\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")

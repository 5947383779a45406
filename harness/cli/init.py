"""``drill init`` and ``drill traffic``: a first scenario from what is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, load
from harness.errors import UsageProblem
from harness.starter import Draft, Found, look
from harness.starter.scenario import scenario_name, scenario_text, todos, traffic_text
from harness.starter.traffic import traffic_of

_ENOUGH = 8
"""Kinds of request that a first scenario gets from a file."""


@click.command("init")
@click.option("--name", default="", help="Name of the scenario; made of the folder's name when left out.")
@click.option("--platform", default="", help="Which of the platforms that were found is drilled.")
@click.option(
    "--traffic",
    "source",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Make `traffic` from a HAR file, an OpenAPI file or a list of paths.",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--force", is_flag=True, help="Write over a scenario that is there.")
def init_command(name: str, platform: str, source: Path | None, yes: bool, force: bool) -> None:
    """Look at the repository in this folder and write a first scenario, `scenarios/NAME.yaml`.

    What was found is said with its files, what only you know is a TODO in the scenario. Nothing is started.

    \b
    drill init
    drill init --yes --traffic openapi.yaml
    """
    here = Path.cwd()
    found = look(here)
    _tell(found)
    draft = _chosen([each.draft for each in found if each.draft], platform, ask=not yes)
    suggested = name or f"{scenario_name(here.name)}-rollback"
    name = scenario_name(suggested if yes or name else click.prompt("name of the scenario", default=suggested))
    file = SCENARIOS[0] / f"{name}.yaml"
    if file.exists() and not force:
        raise UsageProblem(f"{file} is there already", next_step="`--force` writes over it, `--name` names another one")
    traffic = traffic_of(source, most=_ENOUGH) if source else None
    workdir = os.path.relpath(here, file.parent.absolute())
    _write(file, scenario_text(name, draft, found, traffic, file=str(file), workdir=workdir))
    load(file)
    text = file.read_text(encoding="utf-8")
    click.echo(f"\nwrote {file}; it is valid, and it leaves to you:")
    for each in todos(text):
        click.echo(f"  {file}:{each}")
    click.echo(f"\nthen: drill plan {name} · drill run {name}")


@click.command("traffic")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--writes", is_flag=True, help="POST, PUT and DELETE too; without it, GET only.")
@click.option("--most", default=20, show_default=True, type=click.IntRange(min=1), help="Kinds of request at most.")
def traffic_command(file: Path, writes: bool, most: int) -> None:
    """Print a `traffic:` block for a scenario, made from FILE: a HAR, an OpenAPI file, or a list of paths.

    Credentials, cookies and every other header of a recording stay out; the most frequent requests come first.
    A list has one request a line: `/orders/17`, or `GET /orders/17`.
    """
    click.echo(traffic_text(traffic_of(file, writes=writes, most=most)), nl=False)


def _tell(found: Sequence[Found]) -> None:
    click.echo("found:" if found else "found nothing that is known")
    for each in found:
        for line in each.lines():
            click.echo(f"  {line}")


def _chosen(drafts: Sequence[Draft], platform: str, *, ask: bool) -> Draft:
    known: Mapping[str, Draft] = {each.platform: each for each in reversed(drafts)}
    names = [each.platform for each in drafts]
    if not drafts:
        raise UsageProblem(
            "nothing here says how this software is deployed",
            next_step="`drill list` shows scenarios to start from; docs/first-drill.md builds one by hand",
        )
    if platform and platform not in known:
        raise UsageProblem(f"no {platform!r} was found here", next_step=f"found: {', '.join(names)}")
    if not platform and len(known) > 1 and ask:
        platform = click.prompt("drill which of them", type=click.Choice(list(dict.fromkeys(names))), default=names[0])
    return known[platform or names[0]]


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageProblem(f"cannot write {file}: {problem.strerror}", next_step="look at its folder") from problem

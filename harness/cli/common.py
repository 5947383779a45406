"""Options and look-ups that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import click

import harness
from harness.catalogue import load_catalogue
from harness.errors import UsageProblem
from harness.record import TIMELINE_FILE
from harness.scenario.find import find_scenario
from harness.scenario.load import Loaded, load_scenario
from harness.scenario.mutate import without_fault, without_remedies
from harness.units import parse_duration

SCENARIOS = (Path("scenarios"), Path(harness.__file__).resolve().parents[1] / "scenarios")
"""Where a bare name is looked up: the caller's own scenarios, then the shipped ones."""
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def signing_key_option(name: str) -> _Decorator:
    """``--key`` of ``drill sign``, ``--sign`` of ``drill run``: one variable of the environment answers for both."""
    return click.option(
        name,
        "key",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="DRILL_SIGNING_KEY",
        show_envvar=True,
        metavar="FILE",
        help="Private key (PEM) to sign with; see docs/evidence.md.",
    )


def scenario_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--set`` and ``--without``: the same drill, changed."""
    decorators: Sequence[_Decorator] = (
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change a key of the scenario, such as budgets.rto=1s.",
        ),
        click.option(
            "--without",
            type=click.Choice(["fault", "remedies"]),
            multiple=True,
            help="Mutation: a drill without its fault must be inconclusive, one without its remedies must fail.",
        ),
        click.option(
            "--path",
            "path_name",
            default="",
            metavar="NAME",
            help="Recovery path to rehearse; the scenario's first one when left out.",
        ),
    )
    for decorate in decorators:
        function = decorate(function)
    return function


_catalogue = cache(load_catalogue)  # eight files of YAML, the same for every scenario of a command


class DurationType(click.ParamType[float]):
    """A duration as scenarios write it, in seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        try:
            return parse_duration(value)
        except ValueError as problem:
            self.fail(f"expected {problem}, got {value!r}", param, ctx)


def load(file: Path, overrides: Sequence[str] = ()) -> Loaded:
    """The scenario in ``file``; findings that it names have to be in the catalogue."""
    return load_scenario(file, overrides, known_findings=_catalogue())


def prepared(
    name: str, overrides: Sequence[str], without: Sequence[str], path_name: str
) -> tuple[Loaded, str, tuple[str, ...]]:
    """The scenario as it will run, the path's name, and what was changed."""
    loaded = load(find_scenario(name, SCENARIOS), overrides)
    scenario = loaded.scenario
    path = path_name or scenario.default_path()
    if path not in scenario.paths:
        raise UsageProblem(f"{scenario.name} has no path {path!r}", next_step=f"paths: {', '.join(scenario.paths)}")
    if "fault" in without:
        scenario = without_fault(scenario, path)
    if "remedies" in without:
        scenario = without_remedies(scenario, path)
    changes = (*(f"--set {each}" for each in overrides), *(f"--without {each}" for each in without))
    return loaded.with_scenario(scenario), path, changes


def run_folder(run: str, runs: Path) -> Path:
    """The folder of ``run``: itself, or in ``runs`` its id, the beginning of it, or ``last``. Raises UsageProblem."""
    if (Path(run) / TIMELINE_FILE).is_file():
        return Path(run)
    known = sorted(path.parent for path in runs.glob(f"*/{TIMELINE_FILE}"))
    found = known[-1:] if run == "last" else [each for each in known if each.name.startswith(run)]
    if len(found) != 1:
        newest = ", ".join(each.name for each in known[-3:]) or "none"
        raise UsageProblem(f"{len(found)} runs in {runs} begin with {run!r}", next_step=f"newest: {newest}")
    return found[0]

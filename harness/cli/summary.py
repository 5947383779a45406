"""``drill summary``: the first pages of runs, for people or for GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, run_folder, runs_option
from harness.errors import Position, UsageProblem
from harness.record import RunRecord, build_record
from harness.report.github import annotations_of, fitting, output_text, outputs, summary_page
from harness.scenario.find import find_scenario
from harness.scenario.places import Places
from harness.scenario.tree import KeyPath


@click.command("summary")
@click.argument("names", nargs=-1, required=True, metavar="RUN...")
@runs_option
@click.option(
    "--github",
    is_flag=True,
    help="Write the job summary and the outputs of a GitHub Actions step, and print annotations.",
)
def summary_command(names: Sequence[str], runs: Path, github: bool) -> None:
    """Print the first page of each RUN (its id, the beginning of it, or `last`) with a chart that needs no file.

    \b
    drill summary last                    Markdown, for a merge request or a chat
    drill summary last --github           in a step of GitHub Actions: job summary, annotations, outputs
    """
    folders = [run_folder(name, runs) for name in names]
    records = [build_record(folder) for folder in folders]
    pages = [(record.run, summary_page(record, folder)) for record, folder in zip(records, folders, strict=True)]
    if not github:
        click.echo("\n".join(text for _, text in pages), nl=False)
        return
    _append("GITHUB_STEP_SUMMARY", fitting(pages))
    _append("GITHUB_OUTPUT", output_text(outputs(records, runs)))
    told = [list(annotations_of(record, _located)) for record in records]
    # GitHub shows the first ten of a step: no finding of one run may hide the verdict of another.
    for each in (*(first for first, *_ in told), *(rest for _, *others in told for rest in others)):
        click.echo(str(each))


def _append(variable: str, text: str, environment: Mapping[str, str] = os.environ) -> None:
    name = environment.get(variable)
    if not name:
        raise UsageProblem(
            f"--github writes to the file that {variable} names, and there is no {variable}",
            next_step="leave --github out outside of a GitHub Actions step",
        )
    with Path(name).open("a", encoding="utf-8") as file:
        file.write(text)


def _located(record: RunRecord, keys: KeyPath) -> Position | None:
    """The key in the run's scenario file, as a path in the repository that the workflow runs in."""
    try:
        file = Path(record.scenario_file) if record.scenario_file else find_scenario(record.scenario, SCENARIOS)
    except UsageProblem:
        return None
    found = Places(file).of(keys)
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    if found is None or not file.absolute().is_relative_to(workspace):
        return None
    return replace(found, file=str(file.absolute().relative_to(workspace)))

"""``drill summary``: the first pages of runs, for people or for GitHub Actions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, run_folder
from harness.cli.options import runs_option
from harness.errors import Position, UsageProblem
from harness.model import Verdict
from harness.record import RunRecord, build_record
from harness.report.github import annotations_of, fitting, output_text, outputs, summary_page
from harness.report.issue import Repository
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
@click.option(
    "--open-issue",
    is_flag=True,
    help="With --github: an issue for each run that did not pass, or a comment on the one that is open.",
)
def summary_command(names: Sequence[str], runs: Path, github: bool, open_issue: bool) -> None:
    """Print the first page of each RUN (folder, id, beginning of it, or `last`) with a chart that needs no file.

    \b
    drill summary last                    Markdown, for a merge request or a chat
    drill summary last --github           in a step of GitHub Actions: job summary, annotations, outputs
    drill summary last --github --open-issue
    """
    if open_issue and not github:
        raise UsageProblem("--open-issue goes with --github", next_step="drill summary RUN --github --open-issue")
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
    if open_issue:
        _open_issues(records, dict(pages))


def _open_issues(records: Sequence[RunRecord], pages: Mapping[str, str]) -> None:
    repository = Repository(_given("GITHUB_API_URL"), _given("GITHUB_REPOSITORY"), _given("GITHUB_TOKEN"))
    link = f"{_given('GITHUB_SERVER_URL')}/{repository.name}/actions/runs/{_given('GITHUB_RUN_ID')}"
    for record in records:
        if record.verdict != Verdict.PASSED:
            click.echo(f"{record.scenario}, path {record.path}: {repository.tell(record, pages[record.run], link)}")


def _given(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise UsageProblem(
            f"--github needs {variable}, and there is none",
            next_step="leave --github out outside of a GitHub Actions step",
        )
    return value


def _append(variable: str, text: str) -> None:
    with Path(_given(variable)).open("a", encoding="utf-8") as file:
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

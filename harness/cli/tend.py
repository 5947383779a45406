"""Commands that look after the host and after runs: doctor, reap, report."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, load, run_folder
from harness.cli.options import RUNS, runs_option
from harness.containers import engine_client
from harness.engine import engine_status, ensure_engine
from harness.errors import EnvironmentProblem, ExitCode, UsageProblem
from harness.images import Images
from harness.ledger import dead_run, open_entries
from harness.reap import reap_all
from harness.report import write_report
from harness.runner.phases import needs_of
from harness.runner.session import recipe_folders
from harness.scenario.find import find_scenario
from harness.scenario.models import Scenario

GOOD, NOTE, BAD = "✓", "!", "✗"
"""Marks of a fact: nothing to do, worth knowing, no drill can run."""
Fact = tuple[str, str]
_COLOURS = {GOOD: "green", NOTE: "yellow", BAD: "red"}
_LEAST_DISK = 3 * 1024**3
"""Bytes that images and a run need; measured: base, database and workload images take about 1 GiB."""


@click.command("doctor")
@click.option(
    "--fix",
    is_flag=True,
    help="Install and start a container engine where that is possible (root on Debian or Ubuntu).",
)
@click.option("--quiet", is_flag=True, help="Say something only when something is done or wrong.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
@click.argument("scenario", default="")
def doctor_command(fix: bool, quiet: bool, as_json: bool, scenario: str) -> None:
    """Look at this host: engine, images, disk, forgotten runs; with --fix, set up what can be set up.

    With SCENARIO, a container engine is asked for only if that drill needs one.
    """
    engine = not scenario or _wants_engine(load(find_scenario(scenario, SCENARIOS)).scenario)
    if fix and engine:
        ensure_engine(click.echo, install=True)
    facts = {"engine": _engine() if engine else (GOOD, "not needed"), "disk": _disk(), "forgotten runs": _forgotten()}
    if as_json or not quiet:  # a missing image is never wrong: it is made when first needed
        facts["images"] = _images()
    bad = any(mark == BAD for mark, _ in facts.values())
    if as_json:
        told = {name: {"ok": mark == GOOD, "blocks": mark == BAD, "says": says} for name, (mark, says) in facts.items()}
        click.echo(json.dumps(told, indent=1))
    else:
        for name, (mark, says) in facts.items():
            if mark != GOOD or not quiet:
                click.echo(f"{click.style(mark, fg=_COLOURS[mark])} {name:<15} {says}")
    raise click.exceptions.Exit(ExitCode.ENVIRONMENT if bad else ExitCode.PASSED)


def _wants_engine(scenario: Scenario) -> bool:
    needs = (need for path in scenario.paths for need in needs_of(scenario, path))
    images = any(release.image for release in scenario.releases.catalogue.values())
    return images or any(need.kind in ("engine", "image") for need in needs)


def _engine() -> Fact:
    status = engine_status()
    if status.reachable:
        return GOOD, f"version {status.version}"
    return BAD, f"{status.reason}; `drill doctor --fix`"


def _disk() -> Fact:
    free = shutil.disk_usage(tempfile.gettempdir()).free
    return GOOD if free >= _LEAST_DISK else BAD, f"{free / 1024**3:.0f} GiB free, {_LEAST_DISK / 1024**3:.0f} needed"


def _images() -> Fact:
    try:
        images = Images(engine_client, recipe_folders(), progress=lambda _text: None)
        present = [name for name in images.names() if images.is_present(name)]
    except EnvironmentProblem:
        return GOOD, "not known without an engine"
    missing = sorted(set(images.names()) - set(present))
    return GOOD, f"{len(present)} present" + (f"; made when first needed: {', '.join(missing)}" if missing else "")


def _forgotten() -> Fact:
    names = []
    for ledger in sorted(RUNS.glob("*/ledger.jsonl")):
        with dead_run(ledger.parent) as dead:
            if dead and open_entries(ledger.parent):
                names.append(ledger.parent.name)
    return (NOTE, f"{', '.join(names)}; `drill reap` removes what they left") if names else (GOOD, "none")


@click.command("reap")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def reap_command(runs: Path, as_json: bool) -> None:
    """Remove what killed runs left: containers, networks, processes, files. Runs that are alive are not touched."""
    say = (lambda _text: None) if as_json else click.echo
    results = reap_all(runs, say)
    if as_json:
        click.echo(
            json.dumps(
                [{"run": each.run.name, "removed": each.removed, "left": each.left} for each in results], indent=1
            )
        )
    else:
        for result in results:
            for what in result.removed:
                click.echo(f"removed {what}")
            for what in result.left:
                click.secho(f"could not remove {what}", fg="red", err=True)
        if not results:
            click.echo("nothing to remove")
    raise click.exceptions.Exit(ExitCode.ENVIRONMENT if any(each.left for each in results) else ExitCode.PASSED)


@click.command("report")
@click.argument("run")
@runs_option
@click.option("--json", "as_json", is_flag=True, help="Print run.json.")
def report_command(run: str, runs: Path, as_json: bool) -> None:
    """Render the report of RUN again from its folder (RUN: its folder, its id, the beginning of it, or `last`)."""
    folder = run_folder(run, runs)
    with dead_run(folder) as ended:
        if not ended:
            raise UsageProblem(f"run {folder.name} is still going on", next_step="its report is written when it ends")
    record = write_report(folder)
    click.echo(record.model_dump_json(indent=1) if as_json else (folder / "report.md").read_text(encoding="utf-8"))

"""Command ``site``: the history as pages to look at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from harness.cli.options import runs_option
from harness.errors import EnvironmentProblem
from harness.site import build_site


@click.command("site")
@runs_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("site"),
    show_default=True,
    help="Folder of the site; an older site there is replaced.",
)
def site_command(runs: Path, output: Path) -> None:
    """Write the history and the reports as web pages: open index.html, no server and no network needed.

    \b
      drill site                                the runs in reports/, as site/index.html
      drill site --runs ci-reports --output /srv/www/drills
    """
    try:
        built = build_site(runs, output, datetime.now(UTC))
    except OSError as problem:
        raise EnvironmentProblem(
            f"the site could not be written: {problem}", next_step="make room or name another folder with --output"
        ) from problem
    click.echo(f"{built.index} (scenarios: {built.scenarios}, pages of runs: {built.runs})")

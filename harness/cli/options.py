"""Options that commands share and that need nothing of the engine."""

from __future__ import annotations

from pathlib import Path

import click

RUNS = Path("reports")

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS,
    show_default=True,
    help="Folder of the runs' folders.",
)
"""``--runs``: where runs are kept."""

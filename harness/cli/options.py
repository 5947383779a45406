"""Options that commands share and that need nothing of the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click

from harness.notify.delivery import REPORT_VARIABLE, VARIABLE, Notices, Target

RUNS = Path("reports")

runs_option = click.option(
    "--runs",
    type=click.Path(path_type=Path, file_okay=False),
    default=RUNS,
    show_default=True,
    help="Folder of the runs' folders.",
)
"""``--runs``: where runs are kept."""
seed_option = click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    metavar="N",
    help="Of the dice of sabotages: same seed, same throws.",
)
"""``--seed``: what decides where a sabotage has a choice."""


def notify_targets(ctx: click.Context, param: click.Parameter, urls: Sequence[str]) -> tuple[Target, ...]:
    """Who is told. What is no URL is refused without being shown: it may be a secret."""
    if any("://" not in each or each.split() != [each] for each in urls):
        raise click.BadParameter("expected a URL as Apprise spells it, such as mailto://…", ctx=ctx, param=param)
    return tuple(Target(each) for each in urls)


def notify_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--notify`` and ``--report-url``, as the argument ``notices``."""

    @click.option(
        "--notify",
        "targets",
        multiple=True,
        envvar=VARIABLE,
        show_envvar=True,
        callback=notify_targets,
        metavar="URL",
        help="Tell somebody, by a URL as Apprise spells it; docs/notifications.md.",
    )
    @click.option(
        "--report-url",
        default="",
        envvar=REPORT_VARIABLE,
        show_envvar=True,
        metavar="URL",
        help="Where the folder of runs can be read; messages then link to reports there.",
    )
    @wraps(function)
    def with_notices(*args: Any, targets: tuple[Target, ...], report_url: str, **rest: Any) -> Any:
        return function(*args, notices=Notices(targets, report_url), **rest)

    return with_notices

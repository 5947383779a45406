"""``drill schedule``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.common import SCENARIOS, DurationType, load
from harness.errors import UsageProblem
from harness.scenario.find import find_scenario
from harness.schedule import TARGETS, Schedule, rendered


@click.command("schedule")
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO...]")
@click.option("--as", "target", type=click.Choice(sorted(TARGETS)), required=True, help="What has to start it.")
@click.option(
    "--when",
    default="17 3 * * 1",
    show_default=True,
    metavar="CRON",
    help="Minute, hour, day of month, month, day of week.",
)
@click.option("--time-box", type=DurationType(), default="30m", show_default=True, metavar="DURATION")
@click.option("--image", default="", help="Kubernetes: the image that has drill in it.")
@click.option("--engine-image", default="docker:28-dind", show_default=True, help="Kubernetes: the container engine.")
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write the files to; standard output when left out.",
)
def schedule_command(
    scenarios: Sequence[str],
    target: str,
    when: str,
    time_box: float,
    image: str,
    engine_image: str,
    output: Path | None,
) -> None:
    """Write what starts a time-boxed drill by schedule; installing it is yours. Without a SCENARIO: all of them.

    \b
    drill schedule --as github --output .github/workflows
    drill schedule vps-opcache vps-deploy-lock --as cron --time-box 10m | crontab -
    drill schedule --as systemd --when '30 4 * * *' --output /etc/systemd/system
    drill schedule --as kubernetes --image registry.example/drill:1 | kubectl apply -f -
    """
    for name in scenarios:
        load(find_scenario(name, SCENARIOS))
    program = Path(sys.executable).with_name("drill")
    asked = Schedule(
        target=target,
        when=when,
        scenarios=tuple(scenarios),
        time_box=time_box,
        folder=Path.cwd(),
        program=program,
        image=image,
        engine_image=engine_image,
    )
    files = rendered(asked)
    if output is None:
        click.echo("\n".join(files.values()), nl=False)
        return
    for name, text in files.items():
        _write(output / name, text)


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as problem:
        raise UsageProblem(f"cannot write {file}: {problem.strerror}", next_step="name another --output") from problem
    click.echo(f"wrote {file}")

"""A scheduled drill for GitHub Actions, systemd, cron or Kubernetes, as the files that each of them wants."""

from __future__ import annotations

import calendar
import math
import shlex
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

from cronsim import CronSim, CronSimError
from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.errors import UsageProblem
from harness.model import Frozen

TARGETS: Mapping[str, tuple[str, ...]] = {
    "cron": ("drill.cron",),
    "github": ("drill.yaml",),
    "kubernetes": ("drill-cronjob.yaml",),
    "systemd": ("drill.service", "drill.timer"),
}
"""What can start a drill, and the files that it wants."""


class Schedule(Frozen):
    """What is to be started, when and where."""

    target: str
    when: str
    """Five fields of cron."""
    scenarios: tuple[str, ...] = ()
    """Empty: all."""
    time_box: float
    """Seconds."""
    folder: Path
    """Working directory on this host."""
    program: Path
    """``drill`` on this host."""
    image: str = ""
    engine_image: str = ""


def rendered(schedule: Schedule) -> Mapping[str, str]:
    """The files of ``schedule``, by name. Raises UsageProblem."""
    if schedule.target == "kubernetes" and not schedule.image:
        raise UsageProblem("a CronJob needs an image that has drill in it", next_step="name it with --image")
    cron = _parsed(schedule.when)
    environment = Environment(
        loader=PackageLoader("harness", "schedule"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    values = _values(schedule, cron)
    return {name: environment.get_template(f"{name}.j2").render(values) for name in TARGETS[schedule.target]}


def _parsed(when: str) -> CronSim:
    try:
        if len(when.split()) != 5:
            raise CronSimError("five fields")
        return CronSim(when, datetime.now(UTC))
    except CronSimError as problem:
        raise UsageProblem(
            f"--when: expected five fields of cron such as '17 3 * * 1' (Mondays at 03:17), got {when!r}: {problem}",
            next_step="minute, hour, day of month, month, day of week",
        ) from problem


def _values(schedule: Schedule, cron: CronSim) -> Mapping[str, object]:
    box = _written(schedule.time_box)
    arguments = ["run", *schedule.scenarios, "--time-box", box]
    here = [str(schedule.program), *arguments]
    folder = str(schedule.folder)
    values: dict[str, object] = {"minutes": math.ceil(schedule.time_box / 60), "when": schedule.when}
    match schedule.target:
        case "systemd":
            values |= {"when": _on_calendar(cron, schedule.when), "folder": folder.replace("%", "%%")}
            values |= {"command": _for_systemd(here), "reap": _for_systemd([str(schedule.program), "reap"])}
        case "cron":
            values |= {"folder": _for_cron([folder]), "command": _for_cron(here)}
        case "github":
            values |= {"command": shlex.join([".venv/bin/drill", *arguments])}
        case _:
            values |= {"argv": ["drill", *arguments, "--runs", "/reports"]}
            values |= {"image": schedule.image, "engine_image": schedule.engine_image}
    return values


def _written(seconds: float) -> str:
    """As scenarios and options are written."""
    return f"{seconds / 60:.0f}m" if seconds % 60 == 0 else f"{seconds:g}s"


def _for_cron(words: list[str]) -> str:
    """To cron an unescaped ``%`` is a line break."""
    return shlex.join(words).replace("%", r"\%")


def _for_systemd(words: list[str]) -> str:
    """To systemd ``%`` and ``$`` begin names of its own."""
    escaped = (word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$") for word in words)
    return " ".join(f'"{word}"' if " " in word or "\\" in word else word for word in escaped)


def _on_calendar(cron: CronSim, when: str) -> str:
    """The same times for systemd. Cron joins day of month *or* day of week, systemd *and*: both cannot be said."""
    days_of_month = [each for each in cron.days if each > 0]
    days_of_week = [each for each in cron.weekdays if isinstance(each, int)]
    special = len(days_of_month) < len(cron.days) or len(days_of_week) < len(cron.weekdays)
    every_day, every_weekday = len(days_of_month) == 31, set(days_of_week) >= set(range(7))
    if special or not (every_day or every_weekday):
        raise UsageProblem(
            f"--when {when!r} cannot be said to systemd: restrict the day of month or the day of week, by numbers",
            next_step="or use --as cron",
        )
    names = [calendar.day_abbr[(each - 1) % 7] for each in sorted(days_of_week)]
    weekdays = "" if every_weekday else ",".join(dict.fromkeys(names)) + " "
    days = "*" if every_day else _listed(cron.days)
    months = "*" if cron.months == set(range(1, 13)) else _listed(cron.months)
    hours = "*" if cron.hours == set(range(24)) else _listed(cron.hours)
    return f"{weekdays}*-{months}-{days} {hours}:{_listed(cron.minutes)}:00 UTC"


def _listed(numbers: Collection[int]) -> str:
    return ",".join(f"{each:02d}" for each in sorted(numbers))

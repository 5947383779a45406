"""Somebody deploys while the rollback runs: a merge, a queue that goes on, an impatient colleague."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import psutil

from harness.errors import DrillError
from harness.sabotages import Armed, Ended, Saboteur, Site
from harness.scenario.models import Scenario
from harness.units import format_duration

_MARK = "DRILL_RACING"
"""Variable of the racing deploy's processes, by which they are told from those of the rollback."""
_PATIENCE = 45.0
"""Seconds that the deploy may go on after the rollback; then it is killed."""


class ConcurrentDeploy(Saboteur):
    """The team's own deploy of the bad release, started in the moment in which the rollback starts."""

    name = "concurrent-deploy"
    passes = True
    breaks = "the bad release is deployed once more while the rollback runs"

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """Every scenario says how releases get out."""
        return None

    def arm(self, site: Site) -> Armed:
        """Starts the deploy; it is waited for when the rollback is over, for what it does then counts too."""
        release = site.scenario.bad_release(site.path)
        race = _Race(site, release)
        race.thread.start()
        return Armed(f"{release} is deployed at the same time", race.end)


@dataclass
class _Race:
    site: Site
    release: str
    said: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._deploy, name="drill-racing-deploy", daemon=True)

    def end(self) -> Ended:
        """Wait for the deploy, and end what does not end."""
        self.thread.join(_PATIENCE)
        if self.thread.is_alive():
            self.stop.set()
            for process in _racing():
                process.kill()
            self.thread.join(_PATIENCE)
        return Ended(f"the deploy of {self.release} that raced it: {self.said or 'did not end'}")

    def _deploy(self) -> None:
        bench = replace(self.site.bench, broken={**self.site.bench.broken, _MARK: self.release})
        scope, began = self.site.scope(self.release), time.monotonic()
        for step in self.site.scenario.deploy:
            try:
                outcome = step.execute(bench, scope)
            except DrillError as problem:
                self.said = problem.message
                return
            if not outcome.ok or self.stop.is_set():
                last = outcome.output.splitlines()[-1:] or [""]
                ended = "no end in time" if outcome.exit_code is None else f"exit {outcome.exit_code}"
                self.said = f"{step.name or 'a step'}: {ended}: {last[0]}"
                return
        self.said = f"every step exited 0, after {format_duration(time.monotonic() - began)}"


def _racing() -> Iterator[psutil.Process]:
    for process in psutil.Process().children(recursive=True):
        try:
            if _MARK in process.environ():
                yield process
        except (psutil.Error, OSError):
            continue

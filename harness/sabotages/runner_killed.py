"""The runner dies in the middle of the rollback: no signal that could be caught, nothing that cleans up after it."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from harness.process import RUN_MARKER
from harness.sabotages import Armed, Ended, Saboteur, Site
from harness.scenario.models import Scenario

_LOOK = 0.02
"""Seconds between two looks at what the rollback has said; it is killed that long after its first line at most."""
_PATIENCE = 10.0


class RunnerKilled(Saboteur):
    """SIGKILL for the running step and all its processes, once the rollback has said its first line."""

    name = "runner-killed"
    passes = True
    breaks = "the rollback's runner dies when the first line of the rollback's output is there"

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """Every rollback has a step that runs somewhere."""
        return None

    def arm(self, site: Site) -> Armed:
        """Starts to watch; what is killed is the first process that begins from now on and runs when it is time."""
        killer = _Killer(site.bench.run.id, site.bench.run.folder / "logs")
        killer.thread.start()
        what = "the rollback's runner is killed (SIGKILL) after the first line of its output"
        # Without it the first line of a Python script would come with its last one.
        return Armed(what, killer.end, {"PYTHONUNBUFFERED": "1"})


@dataclass
class _Killer:
    """Watches the logs of steps in a thread of its own: the main thread waits for the step."""

    run: str
    logs: Path
    done: threading.Event = field(default_factory=threading.Event)
    killed: str = ""

    def __post_init__(self) -> None:
        self.before = {each.pid for each in psutil.Process().children()}
        self.known = set(self.logs.glob("*"))
        self.thread = threading.Thread(target=self._watch, name="drill-runner-killer", daemon=True)

    def end(self) -> Ended:
        """Watch no longer; whom it has killed."""
        self.done.set()
        self.thread.join(_PATIENCE)
        return Ended(self.killed or "no step had said anything before the rollback was over", bool(self.killed))

    def _watch(self) -> None:
        while not self.killed and not self.done.wait(_LOOK):
            if any(each.stat().st_size for each in set(self.logs.glob("*")) - self.known):
                self._kill()

    def _kill(self) -> None:
        for process in psutil.Process().children():
            with contextlib.suppress(psutil.Error, OSError):
                if process.pid not in self.before and process.environ().get(RUN_MARKER) == self.run:
                    command = " ".join(process.cmdline())
                    os.killpg(process.pid, signal.SIGKILL)  # a step leads a group of its own (harness.process)
                    self.killed = f"killed: {command}"

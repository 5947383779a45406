"""Running the real command against real stacks, and looking for what it left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from harness.containers import RUN_LABEL, engine_client
from harness.errors import DrillError
from harness.events import PhaseStarted, StackFact
from harness.process import RUN_MARKER
from harness.timeline import read_timeline

DRILL = str(Path(sys.executable).with_name("drill"))
ROOT = Path(__file__).parents[2]
SHORT = (
    "--set",
    "windows.baseline=2s",
    "--set",
    "windows.settle=1.5s",
    "--set",
    "windows.sustained=1.5s",
    "--set",
    "windows.soak=3s",
    "--set",
    "fault.within=6s",
)
"""Shorter windows for tests that are not about them."""


def pytest_collection_modifyitems(items):
    for item in items:
        if "live" in item.path.parts:
            item.add_marker(pytest.mark.live)


@dataclass
class Drill:
    """A started `drill run`."""

    process: subprocess.Popen[str]
    runs: Path
    output: str = ""
    folder: Path = field(init=False)

    def __post_init__(self) -> None:
        self.folder = self.until(lambda: next(iter(self.runs.glob("*/timeline.jsonl")), None), "a run folder").parent

    def until(self, ask: Callable[[], object], what: str, timeout: float = 90) -> object:
        """Ask until there is an answer; fails the test when the time is over or the run has ended without it."""
        deadline = time.monotonic() + timeout
        while True:
            ended = self.process.poll() is not None
            if answer := ask():
                return answer
            assert not ended, f"the run ended before {what}: {self.process.stdout.read()}"
            assert time.monotonic() < deadline, f"no {what} within {timeout} s"
            time.sleep(0.05)

    def reach(self, phase: str) -> None:
        """Wait until the run has entered `phase`."""
        self.until(
            lambda: any(isinstance(each, PhaseStarted) and each.phase == phase for each in self.events()),
            f"phase {phase}",
        )

    def events(self):
        return read_timeline(self.folder / "timeline.jsonl")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self, timeout: float = 120) -> int:
        self.output = self.process.communicate(timeout=timeout)[0]
        return self.process.returncode

    @property
    def record(self) -> dict:
        return json.loads((self.folder / "run.json").read_text())

    @property
    def report(self) -> str:
        return (self.folder / "report.md").read_text()

    def leftovers(self) -> list[str]:
        """Containers, networks, volumes, processes and files of this run that exist now."""
        return leftovers(self.folder)

    def gone(self, timeout: float = 60) -> list[str]:
        """What is still there `timeout` seconds from now at the latest; returns as soon as nothing is."""
        deadline = time.monotonic() + timeout
        while (left := self.leftovers()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return left


def leftovers(folder: Path) -> list[str]:
    run = folder.name
    found = [f"process {each.pid} {each.name()}" for each in psutil.process_iter() if _belongs(each, run)]
    found += [str(path) for path in Path("/tmp").glob(f"drill-{run}*")]
    try:
        client = engine_client()
    except DrillError:
        return found
    for container in client.containers.list(all=True, ignore_removed=True):
        if (
            run in container.name
            or container.labels.get(RUN_LABEL) == run
            or run in container.labels.get("ministack.instance", "")
        ):
            found.append(f"container {container.name}")
    found += [f"network {each.name}" for each in client.networks.list() if run in each.name]
    found += [f"volume {each.name}" for each in client.volumes.list() if run in str(each.attrs)]
    pushed = [f"{host}/" for host in _registries(folder)]
    names = [name for image in client.images.list() for name in (*image.tags, *(image.attrs["RepoDigests"] or ()))]
    return found + [f"image {name}" for name in names if name.startswith(tuple(pushed))]


def _registries(folder: Path) -> list[str]:
    """Hosts of the run's own image registries, as its timeline tells them."""
    file = folder / "timeline.jsonl"
    facts = [each for each in read_timeline(file) if isinstance(each, StackFact)] if file.is_file() else []
    return [each.value.rpartition(" ")[2] for each in facts if each.name == "image registry"]


def _belongs(process: psutil.Process, run: str) -> bool:
    try:
        return process.environ().get(RUN_MARKER) == run or run in " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return False


@pytest.fixture
def start(tmp_path):
    """Start `drill run ARGS…` in the repository with a runs folder of the test's own."""
    started: list[Drill] = []

    def call(*args: str, env: dict[str, str] | None = None) -> Drill:
        runs = tmp_path / f"runs{len(started)}"
        process = subprocess.Popen(
            [DRILL, "run", *args, "--runs", str(runs)],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        drill = Drill(process, runs)
        started.append(drill)
        return drill

    yield call
    for drill in started:
        if drill.process.poll() is None:
            drill.process.kill()
        drill.process.wait()
        left = drill.gone()
        assert not left, f"left behind by {drill.folder.name}: {left}"


@pytest.fixture
def command():
    """Run any `drill` command to its end."""

    def call(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [DRILL, *args],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    return call

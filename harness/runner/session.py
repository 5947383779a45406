"""Everything that belongs to one run while its process lives."""

from __future__ import annotations

import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from harness import origin
from harness.containers import Containers
from harness.errors import EnvironmentProblem
from harness.events import Noted, RunStarted
from harness.images import Image, Images
from harness.ledger import Ledger, RunLock, Undo
from harness.model import Budgets, CheckResult, Phase
from harness.notify.delivery import NOBODY, Notices, Sending
from harness.plugins import RECIPES, registered
from harness.probe.analysis import good_since
from harness.probe.process import Probe
from harness.probe.samples import Sample, SampleReader
from harness.reap import TIMELINE, start_watchdog
from harness.redact import Redactor
from harness.sabotages import Saboteur, saboteur
from harness.scenario.load import Loaded
from harness.scenario.models import Attempt, RecoveryPath, Scenario, Windows
from harness.spi import Bench, Run, Scope
from harness.tap import Taps
from harness.timeline import Timeline


@dataclass(frozen=True)
class Options:
    """What the user asked for besides the scenario."""

    path: str
    runs: Path
    """Folder that gets one folder a run."""
    command: str = ""
    """The command line that repeats this run."""
    allow_remote: frozenset[str] = frozenset()
    changes: tuple[str, ...] = ()
    """Overrides, mutations and sabotages, for the report."""
    sabotages: tuple[Saboteur, ...] = ()
    """What is broken during attempt 1."""
    seed: int = 0
    """Of the dice of every sabotage."""
    until: float | None = None
    """``time.monotonic()`` from which on the run is interrupted and torn down: the time box. None: no box."""
    notices: Notices = NOBODY
    """Who is told that the run started, and what it came to."""


@dataclass(frozen=True)
class Acted:
    """What the acting half of an attempt hands to the verifying half; seconds."""

    plan: Attempt
    took: float
    ended: float
    failed_step: CheckResult | None


@dataclass
class Session:
    """State of one run, made by ``open_session``; phases fill ``bench`` and ``probe`` as these come to be."""

    loaded: Loaded
    options: Options
    run: Run
    timeline: Timeline
    lock: RunLock
    watchdog: subprocess.Popen[bytes]
    phase: Phase = Phase.PREFLIGHT
    attempt: int = 0
    images: dict[str, Image] = field(default_factory=dict)
    bench: Bench | None = None
    probe: Probe | None = None
    acted: Acted | None = None
    telling: Sending | None = None
    """The message that the run started, on its way."""
    detected: str = ""
    """What smoke said when it first saw the outage."""
    again: bool = False
    """Whether attempt 2 is the rollback once more: something that passes by itself had stopped it."""
    broken: ExitStack = field(default_factory=ExitStack)
    """Mends what the scenario says is broken from the first attempt on."""
    stopped_by: str = ""
    """Who asked the run to end (a signal's name, the time box), also where its verdict was on its way by then."""
    _samples: list[Sample] = field(default_factory=list, init=False)
    _tail: SampleReader | None = field(default=None, init=False)

    @property
    def scenario(self) -> Scenario:
        """The scenario, overrides and mutations applied."""
        return self.loaded.scenario

    @cached_property
    def own_sabotages(self) -> tuple[Saboteur, ...]:
        """What the scenario itself is about."""
        return tuple(map(saboteur, self.scenario.sabotage))

    @property
    def path(self) -> RecoveryPath:
        """The recovery path that is rehearsed."""
        return self.scenario.paths[self.options.path]

    @property
    def windows(self) -> Windows:
        """How long the drill looks before it believes."""
        return self.scenario.windows

    @property
    def stack(self) -> Bench:
        """The provisioned stack; asking before it exists is a programming error."""
        if self.bench is None:
            raise AssertionError("the stack is not provisioned yet")
        return self.bench

    def samples(self) -> list[Sample]:
        """Every request that the probe has logged so far."""
        if self.probe:
            self._tail = self._tail or self.probe.tail()
            self._samples.extend(self._tail.new())
        return self._samples

    def steady(self, window: float) -> bool:
        """Whether the newest ``window`` seconds of traffic were good; a probe that died is an error, not bad users."""
        if self.probe:
            self.probe.require_alive()
        return good_since(self.samples(), self.timeline.now(), window, self.windows.min_success)

    def note(self, text: str) -> None:
        """A sentence for the timeline and the terminal."""
        self.timeline.write(Noted(text=text))

    def release_names(self, identifier: str) -> dict[str, Any]:
        """What ``{{ release }}``, ``{{ good }}`` and ``{{ bad }}`` hold."""
        release = self.scenario.releases.catalogue[identifier]
        image = self.images.get(identifier)
        reference = image.tag if image else (release.image.ref if release.image else "")
        return {
            "id": identifier,
            "version": release.version or identifier,
            "image": reference,
            "values": release.values,
        }

    def scope(self, release: str) -> Scope:
        """Names for templates while ``release`` is what is deployed or has to serve."""
        good, bad = self.scenario.releases.good, self.scenario.bad_release(self.options.path)
        values: dict[str, Any] = {
            "run": {"id": self.run.id},
            "good": self.release_names(good),
            "bad": self.release_names(bad),
            "release": self.release_names(release),
            "target": self.release_names(release),
            "services": {},
            "key": f"{self.run.id}-{secrets.token_hex(4)}",
        }
        if self.bench:
            values["services"] = {name: dict(each.names()) for name, each in self.bench.services.items()}
            values["stack"] = {"url": self.bench.platform.entry_url}
        return Scope(values)


def open_session(loaded: Loaded, options: Options) -> Session:
    """Make the run's folder, lock, ledger, timeline and watchdog; nothing outside ``options.runs`` is touched."""
    started = datetime.now(UTC)
    identifier = f"{started:%Y-%m-%dT%H-%M-%SZ}-{secrets.token_hex(2)}"
    folder = _made(options.runs.resolve() / identifier)
    lock = RunLock(folder)
    redactor = _redactor(loaded.scenario.secrets)
    for target in options.notices.targets:
        for secret in target.secrets:
            redactor.add(secret)
    ledger = Ledger(folder)
    anchor = time.monotonic()
    timeline = Timeline(folder / TIMELINE, anchor=anchor, clean=redactor.clean)
    timeline.write(_started(loaded, options, identifier, started, anchor))
    watchdog = start_watchdog(folder)
    scratch = Path(tempfile.gettempdir()) / f"drill-{identifier}"
    ledger.plan(Undo(kind="path", what=f"temporary folder {scratch}", params={"path": str(scratch)}))
    scratch.mkdir(mode=0o700)
    ledger.plan(Undo(kind="processes", what=f"processes of run {identifier}", params={"run": identifier}))
    containers = Containers(identifier, folder, ledger)

    def noted(text: str) -> None:
        timeline.write(Noted(text=text))

    def building(name: str) -> None:
        ledger.plan(Undo(kind="docker.container", what=f"build container {name}", params={"name": name}))

    images = Images(lambda: containers.client, recipe_folders(loaded.workdir), progress=noted, announce=building)
    taps = Taps(timeline.write)
    run = Run(identifier, folder, scratch, timeline, ledger, redactor, images, containers, taps, workdir=loaded.workdir)
    return Session(loaded, options, run, timeline, lock, watchdog)


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True)
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot make {folder}: {problem.strerror}", next_step="choose another folder with --runs"
        ) from problem
    return folder


def recipe_folders(*first: Path) -> list[Path]:
    """Folders in which image recipes are looked up: ``first``, then every one that a plug-in registers."""
    return [*first, *(Path(each) for value in registered(RECIPES).values() for each in _paths(value))]


def _paths(value: Any) -> Sequence[Path]:
    found: Sequence[Path] = value() if callable(value) else value
    return found


def _redactor(names: Sequence[str]) -> Redactor:
    redactor = Redactor()
    for name in names:
        redactor.add(os.environ.get(name, ""))
    return redactor


def _started(loaded: Loaded, options: Options, identifier: str, wall: datetime, anchor: float) -> RunStarted:
    scenario, path = loaded.scenario, loaded.scenario.paths[options.path]
    budgets = scenario.budgets
    return RunStarted(
        run=identifier,
        scenario=scenario.name,
        scenario_file=_shown(loaded.file),
        title=scenario.title,
        path=options.path,
        command=options.command,
        wall=wall.isoformat(timespec="milliseconds"),
        monotonic=anchor,
        pid=os.getpid(),
        operator=origin.operator(),
        commit=origin.commit(),
        expected_first_attempt=path.first_attempt,
        expected_findings=tuple(path.findings),
        teaches=tuple(scenario.teaches),
        budgets=Budgets(
            rto=budgets.rto, rpo=budgets.rpo, detect=budgets.detect, failed_requests=budgets.failed_requests
        ),
        sustained=scenario.windows.sustained,
        min_success=scenario.windows.min_success,
        changes=options.changes,
        scenario_digest=loaded.digest,
    )


def _shown(file: Path) -> str:
    file, here = file.absolute(), Path.cwd()
    return str(file.relative_to(here) if file.is_relative_to(here) else file)


def environment_of(names: Sequence[str]) -> Mapping[str, str]:
    """The scenario's ``secrets:`` with their values from the caller's environment."""
    return {name: os.environ[name] for name in names if name in os.environ}

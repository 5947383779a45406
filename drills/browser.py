"""Stack service ``browser``: a visitor who comes back, in a real Chromium with a profile for the whole run.

What a browser keeps (a service worker, cached pages, an open tab) outlives every swap on the host. The browser is
headless, starts at the first visit, and knows no address but the stack's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field

from drills.browser_worker import Launch, Order, Seen
from drills.static.platform import MARKER
from harness.errors import EnvironmentProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
"""Names under which distributions install it."""
SCREENS = "screens"
"""Folder of the run with what visitors saw."""
_LAYER = "visitors' browsers"
_LATE = 10.0
"""Seconds after the worker has given an order up until it is taken for dead."""


class Browser(ServiceConfig):
    """Chromium by Playwright, headless."""

    uses: Literal["browser"] = "browser"
    marker: str = Field(default=MARKER, description="regular expression whose first group is the version in a page")
    timeout: Duration = Field(default=60.0, description="until the browser has started, at the first visit")

    def needs(self) -> Sequence[Need]:
        """A Chromium under one of its names."""
        return (Need(kind="tool", name=_program() or PROGRAMS[0]),)

    def start(self, name: str, run: Run) -> RunningBrowser:
        """Nothing starts before the first visit: only then it is known which address has to count as secure."""
        if importlib.util.find_spec("playwright") is None:
            raise EnvironmentProblem(
                "the service `browser` needs the package playwright, and it is not installed",
                next_step="pip install 'drill[browser]'; the browser itself is the host's Chromium",
            )
        return RunningBrowser(self, name, run)


def _program() -> str:
    return next(filter(None, map(shutil.which, PROGRAMS)), "")


def arguments(origin: str) -> tuple[str, ...]:
    """Chromium's switches for a visitor of ``origin``: it resolves no other name and calls nobody on its own.

    Service workers want a secure context; 127.0.0.1 is one, the address of a container has to be declared to be one
    (W3C "Secure Contexts" 3.1; chromium.org, "Deprecating powerful features on insecure origins").
    """
    place = urlsplit(origin)
    known = ("127.0.0.1", "localhost", "*.localhost", place.hostname or "")
    resolved = ", ".join(f"EXCLUDE {each}" for each in dict.fromkeys(known) if each)
    quiet = ("no-proxy-server", "disable-component-update", "disable-sync", "no-pings", "disable-domain-reliability")
    switches = [f"--{each}" for each in (*quiet, "disable-background-networking", "disable-dev-shm-usage")]
    switches.append(f"--host-resolver-rules=MAP * ~NOTFOUND, {resolved}")
    if place.hostname not in known[:2]:
        switches.append(f"--unsafely-treat-insecure-origin-as-secure={place.scheme}://{place.netloc}")
    if os.geteuid() == 0:
        switches.append("--no-sandbox")  # Chromium refuses its sandbox to root
    return tuple(switches)


@dataclass
class RunningBrowser:
    """The visitor. Methods may be called from any thread, one at a time gets its turn."""

    config: Browser
    name: str
    run: Run
    _worker: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _answers: queue.Queue[bytes] = field(default_factory=queue.Queue, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _asked: int = field(default=0, init=False)
    _last: dict[str, tuple[tuple[object, ...], str]] = field(default_factory=dict, init=False)

    def environment(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def names(self) -> Mapping[str, str]:
        """Nothing."""
        return {}

    def look(self, order: Order, origin: str, *, screen: str) -> tuple[Seen, str]:
        """Carry out ``order``; what was seen, and the screenshot's path in the run folder (empty: there is none).

        Looks called ``screen`` that see the same share one screenshot, the newest.

        Raises:
            ConnectionError: the browser is gone or gives no answer.
            EnvironmentProblem: it cannot be started.
        """
        with self._turn:
            if self._worker is None:
                self._start(origin)
            folder = self.run.folder / SCREENS
            folder.mkdir(exist_ok=True)
            label = re.sub(r"[^A-Za-z0-9._-]+", "-", screen).strip("-") or "visit"
            file = folder / f"{1 + len(list(folder.glob('*.png')))}-{label}.png"
            seen = self._answer(order.model_copy(update={"screen": str(file)}))
            return seen, self._kept(screen, seen, file)

    def _kept(self, screen: str, seen: Seen, file: Path) -> str:
        if not file.exists():
            return ""
        sight = (seen.error, seen.unmet, seen.broken, seen.version)
        last, path = self._last.get(screen, (None, ""))
        if last == sight:
            file.replace(self.run.folder / path)
        else:
            path = str(file.relative_to(self.run.folder))
            self._last[screen] = (sight, path)
        return path

    def _answer(self, order: Order) -> Seen:
        """The answer to this order; one to an order that was given up meanwhile is passed over."""
        self._asked += 1
        self._send(order.model_copy(update={"number": self._asked}).model_dump_json())
        while True:
            seen = Seen.model_validate_json(self._line(order.limit + _LATE))
            if seen.number == self._asked:
                return seen

    def _send(self, line: str) -> None:
        assert self._worker is not None and self._worker.stdin is not None
        try:
            self._worker.stdin.write(line.encode() + b"\n")
            self._worker.stdin.flush()
        except OSError as problem:
            raise ConnectionError(f"the browser is gone; see {self._log.name} in the run folder") from problem

    def _line(self, patience: float) -> bytes:
        try:
            line = self._answers.get(timeout=patience)
        except queue.Empty as problem:
            raise ConnectionError(f"the browser gave no answer within {patience:g} s") from problem
        if not line:
            self._answers.put(b"")  # whoever asks next hears it too
            raise ConnectionError(f"the browser is gone; see {self._log.name} in the run folder")
        return line

    @property
    def _log(self) -> Path:
        return self.run.folder / "logs" / f"{self.name}.log"

    def _start(self, origin: str) -> None:
        self._log.parent.mkdir(exist_ok=True)
        self.run.ledger.plan(
            Undo(kind="processes", what=f"browser {self.name} and its driver", params={"run": self.run.id})
        )
        with self._log.open("ab") as log:
            self._worker = subprocess.Popen(
                [sys.executable, "-m", "drills.browser_worker"],
                env=self.run.environment(),
                cwd=self.run.scratch,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        threading.Thread(target=self._read, args=(self._worker,), name="drill-browser", daemon=True).start()
        profile = self.run.scratch / f"{self.name}-profile"
        launch = Launch(program=_program(), profile=profile, arguments=arguments(origin), marker=self.config.marker)
        try:
            self._send(launch.model_dump_json())
            agent = json.loads(self._line(self.config.timeout))["agent"]
        except ConnectionError as problem:
            raise EnvironmentProblem(
                f"Chromium ({launch.program}) did not start: {problem}",
                next_step=f"its words are in {self._log}; does `{launch.program} --headless about:blank` work?",
            ) from problem
        version = re.search(r"Chrome/([\d]+)", agent)
        value = f"Chromium {version[1] if version else ''}, headless, one profile for the whole run"
        self.run.timeline.write(StackFact(name="browser", value=value))

    def _read(self, worker: subprocess.Popen[bytes]) -> None:
        assert worker.stdout is not None
        for line in worker.stdout:
            self._answers.put(line)
        self._answers.put(b"")

    def snapshot(self) -> Layers:
        """Service workers that visitors have by now, each with its caches."""
        with self._turn:
            if self._worker is None:
                return {_LAYER: {}}
            try:
                return {_LAYER: self._answer(Order(tab="")).workers}
            except ConnectionError:
                return {_LAYER: {}}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A worker with a cache answers in the place of the host; one without, or none, changes nothing."""
        if layer != _LAYER:
            return None
        silent = not after or after.endswith("caches: none")
        return ResidueClass.HARMLESS if silent else ResidueClass.BREAKS_OLD_RELEASE

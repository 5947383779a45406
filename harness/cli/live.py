"""What a terminal shows while a drill runs: a line a phase, the live one redrawn; plain lines without a terminal."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.padding import Padding
from rich.spinner import Spinner
from rich.text import Text

from harness.events import (
    AnyEvent,
    Failed,
    FindingSeen,
    InterruptedBy,
    LeftBehind,
    Noted,
    PhaseEnded,
    PhaseStarted,
    Undelivered,
)
from harness.model import Phase
from harness.probe.samples import Sample, SampleReader
from harness.runner.session import Session
from harness.units import format_duration

_WINDOW = 1.0
"""Seconds of traffic that the live figures are about."""
_BAR = 10


@contextmanager
def live_display(session: Session, *, quiet: bool) -> Iterator[None]:
    """Show the run's progress until the block ends; nothing at all when ``quiet``."""
    if quiet:
        yield
        return
    display = _Display(session, Console(highlight=False))
    session.timeline.listen(display.see)
    with display:
        yield


class _Display:
    """One line for every phase that ended and, on a terminal, a live line for the one that runs."""

    def __init__(self, session: Session, console: Console) -> None:
        self._session = session
        self._console = console
        self._label = ""
        self._began = 0.0
        self._modes: list[str] = []
        self._samples: list[Sample] = []
        self._reader: SampleReader | None = None
        self._lock = threading.Lock()
        self._spinner = Spinner("dots")
        self._live: Live | None = None
        if console.is_terminal:
            self._live = Live(console=console, transient=True, refresh_per_second=8, get_renderable=self._line)
        scenario = session.scenario
        budget = format_duration(scenario.budgets.rto)
        title = f"{scenario.name}  {session.options.path} path   budget {budget}   run {session.run.id}"
        console.print(Text(title, style="bold"))

    def __enter__(self) -> _Display:
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def see(self, event: AnyEvent) -> None:
        """Take note of an event of the timeline."""
        match event:
            case PhaseStarted():
                self._label, self._began = _label(event.phase, event.attempt, event.title), time.monotonic()
                self._modes = []
            case PhaseEnded():
                self._ended(event)
            case FindingSeen():
                self._modes.append(event.finding.mode)
            case Noted():
                self._print("·", event.text, "dim")
            case Failed():
                self._print("✗", f"{event.phase.value}: {event.message}", "red")
                if event.next_step:
                    self._print("→", event.next_step, "")
            case InterruptedBy():
                self._print("!", f"interrupted ({event.by}); removing everything", "yellow")
            case LeftBehind():
                self._print("!", f"left behind: {event.resource}: {event.reason}", "red")
            case Undelivered():
                self._print("!", f"{event.message} not delivered to {event.to}: {event.reason}", "yellow")
            case _:
                pass

    def _ended(self, event: PhaseEnded) -> None:
        took = time.monotonic() - self._began
        found = f"  {' '.join(self._modes)}" if self._modes else ""
        if event.phase in (Phase.ATTEMPT, Phase.RELEASE_BAD) and event.ok:
            mark, style = "→", ""  # harm on purpose, or not verified yet: neither good nor bad news
        else:
            mark, style = ("✓", "green") if event.ok else ("✗", "red")
        self._print(mark, f"{self._label:<24} {took:6.1f} s   {event.summary}{found}", style)

    def _print(self, mark: str, text: str, style: str) -> None:
        self._console.print(Text.assemble((f"  {mark} ", style), text), soft_wrap=True)

    def _line(self) -> Padding:
        """The live line: phase, elapsed, share of good responses, versions."""
        since = time.monotonic() - self._began
        self._spinner.update(text=Text(f"{self._label:<24} {since:6.1f} s   {self._traffic()}"))
        return Padding(self._spinner, (0, 0, 0, 2))

    def _traffic(self) -> str:
        with self._lock:
            if self._session.probe is None:
                return ""
            self._reader = self._reader or self._session.probe.tail()
            self._samples += self._reader.new()
            newest = max((each.intended for each in self._samples), default=0.0)
            self._samples = [each for each in self._samples if each.intended > newest - _WINDOW]
            if not self._samples:
                return ""
            share = sum(each.ok for each in self._samples) / len(self._samples)
            versions = Counter(each.version or "none" for each in self._samples)
            bars = "  ".join(
                f"{name} {'█' * max(1, round(_BAR * count / len(self._samples)))}"
                for name, count in sorted(versions.items())
            )
            return f"ok {share:6.1%}   {bars}"


def _label(phase: Phase, attempt: int | None, title: str) -> str:
    words = {Phase.RELEASE_GOOD: "release", Phase.RELEASE_BAD: "release"}.get(phase, phase.value)
    if phase in (Phase.RELEASE_GOOD, Phase.RELEASE_BAD):
        return f"{words} {title}"
    return f"{words} {attempt}" if attempt else words

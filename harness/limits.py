"""Time limits and interrupts in the main thread: whatever a phase waits for, it can be ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from harness.errors import Interrupted, TimeLimit

T = TypeVar("T")
POLL = 0.2
"""Seconds between two looks of a wait. No figure of a report is measured by a poll: the probe's log decides."""


@contextmanager
def time_limit(seconds: float, what: str) -> Iterator[None]:
    """Raise TimeLimit in the main thread when the block takes longer than ``seconds``; blocks do not nest.

    Raised again every second until the block is left: Python swallows what is raised inside a finalizer.
    """

    def expire(_number: int, _frame: FrameType | None) -> None:
        raise TimeLimit(
            f"{what} did not end within its {seconds:g} s",
            next_step=f"raise `timeouts` or see what {what} waits for",
        )

    previous = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextmanager
def on_signals(act: Callable[[str], None]) -> Iterator[None]:
    """Call ``act`` with the signal's name for SIGINT, SIGTERM and SIGHUP while the block runs."""

    def handle(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        act("Ctrl-C" if name == "SIGINT" else name)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    previous = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class Interrupts:
    """Ends the normal course of a run when a signal arrives; remembers it where Python swallowed the exception."""

    def __init__(self) -> None:
        self._by = ""

    def __call__(self, name: str) -> None:
        """A handler for ``on_signals``."""
        self._by = name
        raise Interrupted(name)

    def check(self) -> None:
        """Raise what was swallowed: an exception inside a finalizer is printed by Python and goes no further."""
        if self._by:
            raise Interrupted(self._by)


def wait_until(ask: Callable[[], T | None], timeout: float) -> T | None:
    """Ask until there is an answer (not None) or ``timeout`` seconds are over; None then."""
    deadline = time.monotonic() + timeout
    while True:
        answer = ask()
        if answer is not None or time.monotonic() >= deadline:
            return answer
        time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))

"""To whom and within which time: each target of a message has a process of its own, which is ended when it hangs.

Where a message goes is the user's own choice (``--notify``, ``$DRILL_NOTIFY``); no scenario can name a target, so the
guard is not asked. A URL of Apprise holds its secrets: it is shown by its scheme only, and it never is an argument
or in the environment of a process that is started here.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from harness.notify.message import Message

VARIABLE = "DRILL_NOTIFY"
"""Variable of the environment with the URLs of those who are told, apart by blanks."""
REPORT_VARIABLE = "DRILL_REPORT_URL"
"""Variable of the environment with ``Notices.report_url``."""
PATIENCE = 10.0
"""Seconds for the way to a target and its answer. Apprise itself waits 4 s for a connection and 4 s for an answer
(appriseit.com, ``cto`` and ``rto``), and 15 s for a mail server, which is longer than a drill should wait."""
_BEGINNING = 20.0
"""Seconds that a process has on top to load the library: a second on an idle host, eight on one that runs drills."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20})://")
_ANSWERS = {
    1: "it was refused, or could not be reached",
    3: "Apprise knows no such URL",
}
"""By exit code of ``harness.notify.worker``, which is not imported here: the library takes a second to load."""


@dataclass(frozen=True)
class Target:
    """Somebody who is told, by a URL as Apprise spells it (https://appriseit.com/services/)."""

    url: str = field(repr=False)

    @property
    def label(self) -> str:
        """What may be shown of it: ``slack://…``."""
        scheme = _SCHEME.match(self.url)
        return f"{scheme[1].lower()}://…" if scheme else "a target without a scheme"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What a redactor has to mask: the URL, and the password in it."""
        try:
            password = urlsplit(self.url).password or ""
        except ValueError:
            password = ""
        return (self.url, password, unquote(password))


@dataclass(frozen=True)
class Notices:
    """Who is told of runs, and where their reports can be read."""

    targets: tuple[Target, ...] = ()
    report_url: str = ""
    """Address that stands for the folder of runs; empty: a report is named by its path on this host."""

    def environment(self) -> dict[str, str]:
        """The caller's environment for a drill with these notices: every user of a host can read an argument."""
        told = " ".join(each.url for each in self.targets)
        return {**os.environ, VARIABLE: told, REPORT_VARIABLE: self.report_url}


NOBODY = Notices()


@dataclass(frozen=True)
class Delivery:
    """What became of a message at one target; ``problem`` is empty where it was taken."""

    to: str
    problem: str = ""


class Sending:
    """A message on its way to every target. Starting it takes no time; ``wait`` says what came of it."""

    def __init__(self, message: Message, targets: Sequence[Target], within: float = PATIENCE) -> None:
        self._within = within
        self._until = time.monotonic() + within + _BEGINNING
        self._started: list[tuple[str, subprocess.Popen[bytes] | OSError]] = []
        for number, target in enumerate(targets, start=1):
            label = f"{target.label} ({number} of {len(targets)})" if len(targets) > 1 else target.label
            self._started.append((label, _start(target, message, within)))

    def wait(self) -> list[Delivery]:
        """What became of it, target by target, as soon as it is known; no process of it is left, whatever happens."""
        try:
            return [Delivery(label, self._problem(process)) for label, process in self._started]
        finally:
            for _, process in self._started:
                if isinstance(process, subprocess.Popen):
                    _end(process)

    def _problem(self, process: subprocess.Popen[bytes] | OSError) -> str:
        if isinstance(process, OSError):
            return f"its process did not start: {process.strerror}"
        try:
            code = process.wait(max(0.0, self._until - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = -1
        if code == 0:
            return ""
        return f"no answer within {self._within:g} s" if code < 0 else _ANSWERS.get(code, f"exit {code}")


def _start(target: Target, message: Message, within: float) -> subprocess.Popen[bytes] | OSError:
    order = {"url": target.url, "title": message.title, "body": message.body, "kind": message.kind, "within": within}
    try:
        process = subprocess.Popen(
            # -P: a folder `apprise` of whoever starts a drill is not what is meant
            [sys.executable, "-P", "-m", "harness.notify.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=NOBODY.environment(),
        )
    except OSError as problem:
        return problem
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # it died; its exit code says so
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()

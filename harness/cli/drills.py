"""Starting drills in processes of their own, as a user would."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from harness.errors import Interrupted
from harness.limits import on_signals
from harness.notify.delivery import NOBODY, Notices

_NUMBERS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP}


def drill_alone(scenario: str, path: str, runs: Path, *, quiet: bool, notices: Notices = NOBODY) -> int:
    """Run one drill to its end; its exit code. ``quiet`` drops what it prints; nobody but those of ``notices`` is told.

    A signal is passed on, and the drill is waited for: it judges, tears down and reports before this returns. It has
    a process group of its own, so that a Ctrl-C in a terminal reaches it once, through here.

    Raises:
        Interrupted: a signal arrived.
    """
    stopped: list[str] = []
    early: list[str] = []  # while it was started
    argv = [str(Path(sys.executable).with_name("drill")), "run", scenario, "--path", path, "--runs", str(runs)]
    sink = subprocess.DEVNULL if quiet else None
    process: subprocess.Popen[bytes] | None = None

    def pass_on(name: str) -> None:
        stopped.append(name)
        if process:
            process.send_signal(_NUMBERS[name])
        else:
            early.append(name)

    with on_signals(pass_on):
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=sink, process_group=0, env=notices.environment()
        )
        for name in early:
            process.send_signal(_NUMBERS[name])
        exit_code = process.wait()
    if stopped:
        raise Interrupted(stopped[0])
    return exit_code

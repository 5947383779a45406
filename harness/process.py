"""Starting commands: scrubbed environment, own process group, a timeout, output kept. No shell anywhere."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from harness.errors import EnvironmentProblem

_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TERM", "SSL_CERT_FILE", "DOCKER_HOST")
"""All that a started command inherits from the caller. Credentials and proxies are not among them."""
RUN_MARKER = "DRILL_RUN"
"""Environment variable that every process of a run carries; how a reaper knows them."""
_GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""
_KEPT = 4000
"""Characters of output that a record keeps; the log file has everything."""


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. ``exit_code`` is None where the timeout ended it."""

    exit_code: int | None
    took: float
    output: str
    log: Path

    @property
    def ok(self) -> bool:
        """Whether it exited 0 in time."""
        return self.exit_code == 0


def scrubbed_environment(run: str, home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Environment for a command of run ``run``: an allow-list of the caller's, a home of its own, and ``extra``."""
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    # The harness's own tools first (aws, python3 with boto3): what the lock file pins is what runs.
    kept["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath)))
    return {**kept, "HOME": str(home), "TMPDIR": str(home), RUN_MARKER: run, **extra}


def run_command(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float,
    log: Path,
    clean: Callable[[str], str] = str,
    hear: Callable[[str], object] = str,
) -> CommandResult:
    """Run ``argv`` to its end or its timeout (seconds); output of both streams goes to ``log``, redacted.

    Whatever happens, an interrupt included, the whole process group is gone afterwards.

    Args:
        hear: gets each line as it arrives, redacted, with its line end.

    Raises:
        EnvironmentProblem: the command cannot be started at all.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            list(argv),
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as problem:
        raise EnvironmentProblem(
            f"cannot start {argv[0]!r} in {cwd}: {problem.strerror}",
            next_step="check the name, the working directory and that the file is executable",
        ) from problem
    try:
        text = _pump(process, deadline=started + timeout, log=log, clean=clean, hear=hear)
        exit_code = _exit_code(process, started + timeout)
    finally:
        kill_group(process.pid)
        if process.stdout:
            process.stdout.close()
        process.wait()
    took = time.monotonic() - started
    if exit_code is None:
        text += f"\n[drill] ended after its timeout of {timeout:g} s"
    return CommandResult(exit_code, took, text[-_KEPT:].strip(), log)


def _pump(
    process: subprocess.Popen[bytes],
    *,
    deadline: float,
    log: Path,
    clean: Callable[[str], str],
    hear: Callable[[str], object],
) -> str:
    """Copy output to ``log`` until end of file, the leader's exit or the deadline; returns its last part."""
    assert process.stdout is not None
    kept, pending = "", b""

    def told(raw: bytes) -> str:
        text = clean(raw.decode("utf-8", "replace"))
        sink.write(text)
        if text:
            hear(text)
        return text

    with selectors.DefaultSelector() as selector, log.open("a", encoding="utf-8", buffering=1) as sink:
        os.set_blocking(process.stdout.fileno(), False)
        selector.register(process.stdout, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ready = selector.select(timeout=0.05)
            chunk = process.stdout.read() if ready else b""
            if (ready and not chunk) or (not ready and process.poll() is not None):
                break
            # Redaction works on whole lines: a secret may be torn between two reads.
            *lines, pending = (pending + (chunk or b"")).split(b"\n")
            for line in lines:
                kept += told(line + b"\n")
        kept += told(pending)
    return kept[-2 * _KEPT :]


def _exit_code(process: subprocess.Popen[bytes], deadline: float) -> int | None:
    try:
        return process.wait(timeout=max(0.0, deadline - time.monotonic()) + 0.01)
    except subprocess.TimeoutExpired:
        return None


def kill_group(leader: int) -> None:
    """End every process of the group that ``leader`` leads: SIGTERM, a grace of 2 s, SIGKILL."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGTERM)
        _, alive = psutil.wait_procs(_members(leader), timeout=_GRACE)
        if alive:
            os.killpg(leader, signal.SIGKILL)


def _members(group: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def end_marked(name: str, value: str) -> None:
    """End every process that has ``name=value`` in its environment: SIGTERM, a grace of 2 s, SIGKILL.

    It finds what left its group too (``setsid``, ``nohup``). The caller and its parents are spared.

    Raises:
        OSError: one of them still runs; names it.
    """
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    marked = [each for each in psutil.process_iter() if each.pid not in spared and _marked(each, name, value)]
    for process in marked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(marked, timeout=_GRACE)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=_GRACE)
    if alive:
        raise OSError(f"still running: {', '.join(str(process.pid) for process in alive)}")


def _marked(process: psutil.Process, name: str, value: str) -> bool:
    try:
        return process.environ().get(name) == value
    except (psutil.Error, OSError):
        return False

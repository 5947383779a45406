"""Removing what dead runs left behind: by the watchdog as soon as a run's process ends, or by ``drill reap``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from docker.errors import NotFound

from harness.containers import FOLDER_LABEL, engine_client
from harness.errors import EnvironmentProblem
from harness.events import InterruptedBy, LeftBehind, RunStarted, VerdictReached
from harness.ledger import Entry, Ledger, dead_run, open_entries
from harness.timeline import Timeline, read_timeline
from harness.undo import _remove, undo_all

TIMELINE = "timeline.jsonl"


@dataclass(frozen=True)
class Reaped:
    """What a reaper did with one dead run."""

    run: Path
    removed: tuple[str, ...]
    left: tuple[str, ...]


def reap_run(folder: Path, *, wait: bool = False) -> Reaped | None:
    """Undo what the dead run in ``folder`` left; None where it is alive or left nothing.

    With ``wait`` it blocks until the run's process has ended.
    """
    with dead_run(folder, wait=wait) as dead:
        entries = open_entries(folder) if dead else []
        if not entries:
            return None
        left: dict[int, str] = {}
        ledger = Ledger(folder)
        try:
            undo_all(ledger, lambda entry, reason: left.update({entry.number: f"{entry.undo.what}: {reason}"}))
        finally:
            ledger.close()
        _record(folder, entries, left)
        removed = tuple(entry.undo.what for entry in entries if entry.number not in left)
        return Reaped(folder, removed, tuple(left.values()))


def _record(folder: Path, entries: list[Entry], left: dict[int, str]) -> None:
    """Add to the dead run's timeline how it ended, so that its report is whole."""
    file = folder / TIMELINE
    if not file.exists():
        return
    events = read_timeline(file)
    started = next((event for event in events if isinstance(event, RunStarted)), None)
    if started is None:
        return
    timeline = Timeline(file, anchor=started.monotonic)
    if not any(isinstance(event, VerdictReached | InterruptedBy) for event in events):
        timeline.write(InterruptedBy(by="the run's process died"))
    for entry in entries:
        if entry.number in left:
            timeline.write(LeftBehind(resource=entry.undo.what, reason=left[entry.number]))
    timeline.close()


def reap_all(runs: Path, progress: Callable[[str], None]) -> list[Reaped]:
    """Reap every dead run below ``runs``, then labelled containers and networks whose run is dead or forgotten."""
    folders = sorted(path.parent for path in runs.glob("*/ledger.jsonl"))
    results = [result for folder in folders if (result := reap_run(folder))]
    try:
        orphans = tuple(_orphans(progress))
    except EnvironmentProblem as problem:
        progress(f"containers were not looked at: {problem.message}")
        orphans = ()
    return [*results, Reaped(runs, orphans, ())] if orphans else results


def _orphans(progress: Callable[[str], None]) -> Iterator[str]:
    """Remove labelled resources of dead runs of any checkout on this host; yields what was removed."""
    client = engine_client()
    label: dict[str, str | list[str] | bool] = {"label": FOLDER_LABEL}
    for container in client.containers.list(all=True, ignore_removed=True, filters=label):
        if _abandoned(Path(container.labels[FOLDER_LABEL])):
            _remove(container)
            yield f"container {container.name}"
    for network in client.networks.list(filters=label):
        if _abandoned(Path(network.attrs["Labels"][FOLDER_LABEL])):
            try:
                network.remove()
            except NotFound:
                continue
            yield f"network {network.name}"
    progress("looked for containers and networks of forgotten runs")


def _abandoned(folder: Path) -> bool:
    with dead_run(folder) as dead:
        return dead


def start_watchdog(folder: Path) -> subprocess.Popen[bytes]:
    """Start the detached process that waits for this run's process to die and then reaps what is left."""
    with (folder / "watchdog.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "harness.reap", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env={name: os.environ[name] for name in ("PATH", "DOCKER_HOST") if name in os.environ},
        )


def main(folder: Path) -> None:
    """The watchdog's whole life: wait, reap, render the report of a run that could not do it itself."""
    from harness.report import write_report

    if reap_run(folder, wait=True) and (folder / TIMELINE).exists():
        write_report(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

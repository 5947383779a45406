"""`make bench`: (a) the harness's own overhead, (b) the truth of its clock, (c) the cost of the tap.

(a) Wall time of a drill, less the time inside started commands and inside windows that the scenario declares.
(b) Recovery time as the probe saw it against the workload's own access log, the same definition applied to both.
(c) One API call through the tap against the same call past it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.tap import tap_costs
from harness.containers import engine_client
from harness.events import PhaseEnded, PhaseStarted, RunStarted, StepEnded
from harness.probe.analysis import recovery
from harness.probe.samples import Sample
from harness.timeline import read_timeline

_SCENARIO = "ecs-bad-migration"
_LABEL = "com.amazonaws.ecs.task-definition-family=shop"
_DECLARED = {"baseline", "verify"}
"""Phases that are nothing but a declared window and the questions at its ends."""


@dataclass(frozen=True)
class Measured:
    """One drill; seconds."""

    wall: float
    commands: float
    windows: float
    by_probe: float
    by_workload: float

    @property
    def overhead(self) -> float:
        """What is the harness's own: stack start-up, questions, teardown, report."""
        return self.wall - self.commands - self.windows


@contextmanager
def followed_logs(sink: list[dict[str, object]]) -> Iterator[None]:
    """Collect the access logs of the workload's containers for as long as the block runs."""
    client, stop, known = engine_client(), threading.Event(), set()
    followers: list[threading.Thread] = []

    def follow(container: object) -> None:
        for line in container.logs(stream=True, follow=True):  # type: ignore[attr-defined]
            if b'"ms"' in line:
                sink.append(json.loads(line))

    def watch() -> None:
        while not stop.wait(0.2):
            for container in client.containers.list(filters={"label": _LABEL}, ignore_removed=True):
                if container.id not in known:
                    known.add(container.id)
                    followers.append(threading.Thread(target=follow, args=(container,), daemon=True))
                    followers[-1].start()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        stop.set()
        watcher.join()
        for follower in followers:
            follower.join(timeout=5)


def one_drill() -> Measured:
    """Run the drill once and take its figures from its timeline and from the workload's logs."""
    lines: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as runs, followed_logs(lines):
        began = time.monotonic()
        drill = str(Path(sys.executable).with_name("drill"))
        done = subprocess.run(
            [drill, "run", _SCENARIO, "--json", "--runs", runs], capture_output=True, text=True, check=True
        )
        wall = time.monotonic() - began
        record = json.loads(done.stdout)
        events = read_timeline(Path(runs) / record["run"] / "timeline.jsonl")
    started = next(each for each in events if isinstance(each, RunStarted))
    commands = sum(each.took for each in events if isinstance(each, StepEnded))
    windows = sum(_phase_times(events, _DECLARED))
    outage = recovery(_as_samples(lines, started), 0.0, started.sustained, started.min_success)
    by_workload = outage.duration if outage and outage.duration is not None else float("nan")
    return Measured(wall, commands, windows, record["outage"]["duration"], by_workload)


def _phase_times(events: list[object], names: set[str]) -> Iterator[float]:
    began = 0.0
    for event in events:
        if isinstance(event, PhaseStarted):
            began = event.at
        elif isinstance(event, PhaseEnded) and event.phase.value in names:
            yield event.at - began


def _as_samples(lines: list[dict[str, object]], started: RunStarted) -> list[Sample]:
    """The access log in the probe's form: the same definition of recovery applies to both."""
    anchor = datetime.fromisoformat(started.wall).timestamp()
    wanted = [
        line
        for line in lines
        if str(line["path"]).startswith("/orders") and not str(line["request_id"]).startswith("smoke-")
    ]
    wanted.sort(key=lambda line: float(str(line["time"])))
    samples = []
    for number, line in enumerate(wanted):
        at, status = float(str(line["time"])) - anchor, int(str(line["status"]))
        samples.append(
            Sample(
                seq=number,
                name=str(line["method"]),
                request=str(line["path"]),
                write=False,
                intended=at,
                start=at,
                end=at,
                status=status,
                version="",
                ok=status < 400,
                key="",
                error="",
            )
        )
    return samples


def main() -> None:
    """Run, measure, print."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--runs", type=int, default=5, help="drills (default: 5)")
    parser.add_argument("--calls", type=int, default=300, help="API calls for (c) (default: 300)")
    arguments = parser.parse_args()
    count, console = arguments.runs, Console()
    direct, tapped = tap_costs(arguments.calls)
    console.print(
        f"(c) one API call, median of {arguments.calls}: {statistics.median(direct) * 1000:.1f} ms past the tap, "
        f"{statistics.median(tapped) * 1000:.1f} ms through it"
    )
    measured = []
    for number in range(count):
        console.print(f"drill {number + 1} of {count} …")
        measured.append(one_drill())
    table = Table(title=f"{_SCENARIO}, {count} runs, seconds")
    rows = {
        "wall time": [each.wall for each in measured],
        "inside started commands": [each.commands for each in measured],
        "inside declared windows": [each.windows for each in measured],
        "(a) the harness's own": [each.overhead for each in measured],
        "recovery time, probe": [each.by_probe for each in measured],
        "recovery time, workload's access log": [each.by_workload for each in measured],
        "(b) difference": [each.by_probe - each.by_workload for each in measured],
    }
    for heading in ("", "min", "median", "max"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, values in rows.items():
        table.add_row(name, *(f"{each(values):.3f}" for each in (min, statistics.median, max)))
    console.print(table)


if __name__ == "__main__":
    main()

"""`python -m bench.history`: `drill history` and `drill trend` over 10,000 runs, process start included.

Wall time is that of a user; time on the processor is what a busy host leaves comparable.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.history import HistoryRow, append
from harness.model import Verdict

_RUNS, _SCENARIOS, _REPEATS = 10_000, 10, 9


def rows() -> list[HistoryRow]:
    """A run every half hour, ten scenarios by turns with two paths each."""
    now, draw = datetime.now(UTC), random.Random(1)
    return [
        HistoryRow(
            run=f"r{number:05}",
            scenario=f"scenario-{number % _SCENARIOS}",
            path=("naive", "prepared")[number // _SCENARIOS % 2],
            verdict=Verdict.PASSED,
            wall=(now - timedelta(minutes=30 * number)).isoformat(timespec="milliseconds"),
            took=40.0,
            recovery=draw.gauss(20, 1),
            writes_lost=0,
            first_attempt_clean=bool(number // _SCENARIOS % 2),
            rto=300.0,
            rpo=0,
            findings=("D3",),
            commit="",
            operator="",
            digest="",
        )
        for number in range(_RUNS)
    ]


def _took(argv: list[str]) -> tuple[float, float]:
    """Wall time and time on the processor, seconds."""
    began, before = time.perf_counter(), os.times()
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, used


def main() -> None:
    """Fill a history, ask, print."""
    drill = str(Path(sys.executable).with_name("drill"))
    table = Table(title=f"{_RUNS:,} runs, {_REPEATS} times, seconds (min, median, max)")
    for heading in ("", "wall", "processor"):
        table.add_column(heading, justify="right" if heading else "left")
    with tempfile.TemporaryDirectory() as folder:
        append(Path(folder), *rows())
        for words in (["--version"], ["history"], ["history", "scenario-3", "--path", "naive"], ["trend"]):
            argv = [drill, *words] if words == ["--version"] else [drill, *words, "--runs", folder]
            measured = [_took(argv) for _ in range(_REPEATS)]
            columns = zip(*measured, strict=True)
            shown = (" ".join(f"{of(each):.2f}" for of in (min, statistics.median, max)) for each in columns)
            table.add_row(" ".join(["drill", *words]), *shown)
    Console().print(table)


if __name__ == "__main__":
    main()

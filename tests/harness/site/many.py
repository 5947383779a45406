"""A history of any number of runs: a few kinds of run folders, reported for real and repeated under other names."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from harness.events import VerdictReached
from harness.history import append, row_of
from harness.model import Metric, Verdict
from harness.record import RECOVERY_TIME, RUN_FILE, RunRecord, record_json
from harness.report import write_report
from harness.report.markdown import REPORT_FILE, render_markdown
from harness.report.outage import write_chart
from tests.harness.runs import Attempt, Drill

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCENARIOS = {
    "ecs-bad-migration": "A release renames a column; the code goes back, the schema does not",
    "k8s-bad-image": "The image cannot be pulled",
    "k8s-config-drift": "The code goes back, the configuration stays",
    "k8s-no-history": "The release to go back to is no longer kept",
    "k8s-stuck-statefulset": "A broken pod blocks its own repair",
    "k8s-undo-twice": "Undoing twice brings the bad release back",
    "vps-aborted-rollback": "The rollback ends half-way",
    "vps-deploy-lock": "An aborted deploy left its lock",
    "vps-opcache": "The old code stays in the cache",
    "vps-stale-workers": "Workers go on with the bad code",
}
NAMES = list(SCENARIOS)
REPORTERS = {"chart": write_chart}


def judged(verdict: Verdict) -> tuple:
    return ((54.05, VerdictReached(verdict=verdict, reasons=(f"the drill {verdict}",))),)


KINDS = {
    "passed": Drill(extra=judged(Verdict.PASSED), output="migrating\n" * 8),
    "clean": Drill(
        expected="clean",
        declared=(),
        attempts=[Attempt("previous task definition", "rollback", True)],
        bad=(19.0, 28.0),
        extra=judged(Verdict.PASSED),
    ),
    "failed": Drill(rto=10.0, extra=judged(Verdict.FAILED)),
    "inconclusive": Drill(fired=False, bad=(90.0, 90.0), extra=judged(Verdict.INCONCLUSIVE)),
    "interrupted": Drill(until=30.0),
}


def kinds(folder: Path) -> dict[str, RunRecord]:
    """The record of each kind; its folder is ``folder/kind``."""
    return {name: write_report(drill.write(folder / name), reporters=REPORTERS) for name, drill in KINDS.items()}


def renamed(record: RunRecord, recovery: float | None = None, **values: object) -> RunRecord:
    """``record`` under another name, and with another recovery time where one is given."""
    metrics = [
        Metric(**{**each.model_dump(), "value": recovery}) if recovery and each.name == RECOVERY_TIME else each
        for each in record.metrics
    ]
    return record.model_copy(update={**values, "metrics": tuple(metrics)})


def keep(runs: Path, record: RunRecord, chart: Path | None = None, report: str = "") -> Path:
    """The folder of ``record`` in ``runs``, and its row in the history."""
    folder = runs / record.run
    folder.mkdir(parents=True)
    if chart and chart.is_file():
        shutil.copyfile(chart, folder / chart.name)
    (folder / RUN_FILE).write_text(record_json(record))
    (folder / REPORT_FILE).write_text(
        report or render_markdown(record, chart.name if chart and chart.is_file() else "")
    )
    append(runs, row_of(record))
    return folder


def many(runs: Path, scratch: Path, number: int) -> None:
    """``number`` runs of ten scenarios with two paths each, the newest just before ``NOW``."""
    records, dice = kinds(scratch), Random(7)
    reports = {kind: render_markdown(record, "outage.svg") for kind, record in records.items()}
    for index in range(number):
        scenario, path = NAMES[index % 7 if index % 3 else index % 10], ("naive", "prepared")[index % 2]
        kind = dice.choices(("passed", "failed", "inconclusive", "interrupted"), (90, 5, 4, 1))[0]
        kind = "clean" if kind == "passed" and path == "prepared" else kind
        wall = NOW - timedelta(hours=7.3 * (number - index))
        record = renamed(
            records[kind],
            recovery=round(dice.gauss(22 if path == "naive" else 9, 2), 2) if kind in ("passed", "clean") else None,
            run=f"{wall:%Y-%m-%dT%H-%M-%SZ}-{index:04x}",
            scenario=scenario,
            title=SCENARIOS[scenario],
            path=path,
            wall=wall.isoformat(),
            changes=("--set budgets.rto=30s",) if index % 41 == 0 else (),
        )
        keep(runs, record, scratch / kind / "outage.svg", reports[kind])

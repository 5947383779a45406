"""Reporter ``prometheus``: ``metrics.prom``, for node_exporter's textfile collector or a pushgateway."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Enum, Gauge, generate_latest

from harness.history import row_of
from harness.model import Verdict
from harness.record import RunRecord, replace_text

METRICS_FILE = "metrics.prom"
_LABELS = ("scenario", "path")


def write_metrics(record: RunRecord, folder: Path) -> None:
    """Write ``metrics.prom``. Raises OSError."""
    registry, labels = CollectorRegistry(), (record.scenario, record.path)
    for name, help_text, value in _gauges(record):
        gauge = Gauge(name, help_text, _LABELS, registry=registry)
        if value is not None:  # what was not measured has no sample; 0 would be a good one
            gauge.labels(*labels).set(value)
    states = Enum("drill_verdict", "How the last run ended.", _LABELS, registry=registry, states=[*map(str, Verdict)])
    states.labels(*labels).state(str(record.verdict))
    replace_text(folder / METRICS_FILE, generate_latest(registry).decode("utf-8"))


def _gauges(record: RunRecord) -> Iterator[tuple[str, str, float | None]]:
    row = row_of(record)
    started = datetime.fromisoformat(record.wall).timestamp()
    yield "drill_last_run_timestamp_seconds", "When the last run started, Unix time.", started
    yield "drill_duration_seconds", "Wall time of the last run.", row.took
    yield (
        "drill_recovery_time_seconds",
        "First bad response to the sustained good window.",
        row.recovery,
    )
    yield "drill_recovery_time_objective_seconds", "Limit of the recovery time (RTO).", row.rto
    yield "drill_detect_time_seconds", "First bad response to its detection.", row.detect
    yield "drill_requests_failed_ratio", "Failed share of the requests since the first bad one.", row.requests_failed
    yield "drill_writes_lost", "Acknowledged writes that were gone at the end.", row.writes_lost
    yield (
        "drill_first_attempt_clean",
        "1: the first attempt recovered without a finding; 0: it did not.",
        row.first_attempt_clean,
    )

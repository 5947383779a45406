"""What the users saw: the probe's request log, cut and counted for the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.events import RunStarted
from harness.model import Latency, Metric, Phase
from harness.probe import analysis
from harness.probe.samples import Sample
from harness.record._fold import Story
from harness.record._model import (
    ATTEMPT_TIME,
    DECIDE_TIME,
    DETECT_TIME,
    RECOVERY_TIME,
    REQUESTS_FAILED,
    SEND_LAG,
    WRITES_LOST,
    LatencyRecord,
    OutageRecord,
    RequestsRecord,
    WritesRecord,
)

_AFTER_WATCH = (Phase.VERDICT, Phase.TEARDOWN, Phase.REPORT)


@dataclass(frozen=True)
class Measured:
    """Figures of the probe that the record holds."""

    outage: OutageRecord | None
    seen_until: float
    """Where the complete part of the request log ends."""
    requests: RequestsRecord | None
    latency: LatencyRecord
    writes: WritesRecord | None
    send_lag: float | None
    """The probe's largest delay between intended and real start, seconds: its own honesty."""


def measure(story: Story, start: RunStarted, samples: Sequence[Sample]) -> Measured:
    """Outage, failed requests, latency and writes of the run."""
    bad = next((p.started for p in story.phases if p.name == Phase.RELEASE_BAD), None)
    seen = [sample for sample in samples if sample.intended <= _watched_until(story)]
    writes = story.writes or _uncounted(samples)
    lag = round(analysis.send_lag(seen), 4) if seen else None
    if bad is None:
        return Measured(None, 0.0, None, LatencyRecord(before=analysis.latency(seen)), writes, lag)
    found = analysis.recovery(seen, bad, start.sustained, start.min_success)
    outage = _outage(found)
    until = found.seen_until if found else 0.0
    return Measured(outage, until, _requests(seen, outage), _latency(seen, outage, bad), writes, lag)


def _watched_until(story: Story) -> float:
    """When the stack stopped being watched: what fails during teardown is no outage of the drill's."""
    return min((phase.started for phase in story.phases if phase.name in _AFTER_WATCH), default=float("inf"))


def _outage(found: analysis.Outage | None) -> OutageRecord | None:
    if found is None:
        return None
    return OutageRecord(first_bad=found.first_bad, recovered=found.recovered, duration=found.duration)


def _requests(samples: Sequence[Sample], outage: OutageRecord | None) -> RequestsRecord | None:
    if outage is None:
        return None
    failed, total = analysis.failed_requests(samples, outage.first_bad, float("inf"))
    return RequestsRecord(failed=failed, total=total)


def _latency(samples: Sequence[Sample], outage: OutageRecord | None, bad: float) -> LatencyRecord:
    def between(start: float, end: float) -> Latency | None:
        return analysis.latency(analysis.in_window(samples, start, end))

    forever = float("inf")
    if outage is None:  # no request failed: everything after the bad release is "after"
        return LatencyRecord(before=between(0.0, bad), after=between(bad, forever))
    if outage.recovered is None:
        return LatencyRecord(before=between(0.0, bad), during=between(outage.first_bad, forever))
    return LatencyRecord(
        before=between(0.0, bad),
        during=between(outage.first_bad, outage.recovered),
        after=between(outage.recovered, forever),
    )


def _uncounted(samples: Sequence[Sample]) -> WritesRecord | None:
    if not samples:
        return None
    acknowledged = len(analysis.acknowledged_writes(samples))
    return WritesRecord(
        acknowledged=acknowledged, lost=None if acknowledged else 0, summary="nothing counted them in the stack"
    )


def metrics(story: Story, start: RunStarted, measured: Measured) -> tuple[Metric, ...]:
    """Every measured figure beside its budget, in the order of the report."""
    return (
        _detect(story, start, measured.outage),
        _decide(story),
        *_attempts(story),
        _recovery(story, start, measured),
        _failed(start, measured.requests),
        _lost(start, measured.writes),
        Metric(name=SEND_LAG, value=measured.send_lag, unit="s"),
    )


def _limited(name: str, value: float | None, unit: str, budget: float | None, note: str = "") -> Metric:
    within = None if value is None or budget is None else value <= budget
    return Metric(name=name, value=value, unit=unit, budget=budget, within=within, note=note)


def _detect(story: Story, start: RunStarted, outage: OutageRecord | None) -> Metric:
    took = None
    if story.detected and outage:
        # Smoke may see the fault before the probe's next request does: that is at once, not before.
        took = max(0.0, round(story.detected.at - outage.first_bad, 4))
    return _limited(DETECT_TIME, took, "s", start.budgets.detect, f"by {story.detected.by}" if story.detected else "")


def _decide(story: Story) -> Metric:
    """From detection to the first command of attempt 1: a drill proves in between that the fault fires."""
    began = next((phase.started for phase in story.phases if phase.name == Phase.ATTEMPT), None)
    took = round(began - story.detected.at, 4) if story.detected and began is not None else None
    note = "(the drill proves the fault meanwhile)" if took is not None else ""
    return Metric(name=DECIDE_TIME, value=took, unit="s", note=note)


def _attempts(story: Story) -> list[Metric]:
    return [
        _limited(
            f"{ATTEMPT_TIME} {attempt.number}",
            round(attempt.acted + attempt.converged, 4),
            "s",
            None,
            "" if attempt.recovered is None else ("recovered" if attempt.recovered else "broken"),
        )
        for attempt in story.attempts()
        if attempt.acted is not None and attempt.converged is not None
    ]


def _recovery(story: Story, start: RunStarted, measured: Measured) -> Metric:
    outage, rto = measured.outage, start.budgets.rto
    if outage is None or outage.duration is not None:
        unseen = _recovered_unseen(story, outage) if outage else None
        if outage and unseen is not None:
            note = f"the traffic was good after {outage.duration:.1f} s already; what it does not reach came back later"
            return _limited(RECOVERY_TIME, round(unseen - outage.first_bad, 4), "s", rto, note)
        return _limited(RECOVERY_TIME, outage.duration if outage else None, "s", rto)
    watched = measured.seen_until - outage.first_bad
    # A run that was cut short inside its budget does not know whether it would have kept it.
    over = watched > rto or any(phase.name == Phase.VERDICT for phase in story.phases)
    note = f"not recovered {watched:.1f} s after the first bad response, when the request log ends"
    return Metric(name=RECOVERY_TIME, value=None, unit="s", budget=rto, within=False if over else None, note=note)


def _recovered_unseen(story: Story, outage: OutageRecord) -> float | None:
    """When the attempt that recovered had acted, where the probe's traffic was good before it even began.

    Then something else was still broken (a queue, a second entry): the users' outage lasted until that came back. What
    only the next deploy showed was no outage of theirs.
    """
    if any(story.nexts):
        return None
    last = next((attempt for attempt in reversed(story.attempts()) if attempt.recovered), None)
    if last is None or last.number == 1 or last.started is None or last.acted is None or outage.recovered is None:
        return None
    return last.started + last.acted if outage.recovered < last.started else None


def _failed(start: RunStarted, requests: RequestsRecord | None) -> Metric:
    share = requests.failed / requests.total if requests and requests.total else None
    note = f"{requests.failed:,} of {requests.total:,}" if requests else ""
    return _limited(REQUESTS_FAILED, share, "ratio", start.budgets.failed_requests, note)


def _lost(start: RunStarted, writes: WritesRecord | None) -> Metric:
    note = f"of {writes.acknowledged:,} acknowledged" if writes else ""
    return _limited(WRITES_LOST, writes.lost if writes else None, "rows", start.budgets.rpo, note)

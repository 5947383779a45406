"""What a step said to an API, as its tap heard it: the calls in order, and where the step's time went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.record import CallRecord, StepRecord
from harness.units import figure


@dataclass(frozen=True)
class Calls:
    """A row of the table: one call, or several of the same kind one after the other (a script that polls)."""

    started: float
    """Seconds since the start of the step."""
    name: str
    resource: str
    answer: str
    took: float
    """Of all of them together."""
    by: str


def calls(step: StepRecord) -> Sequence[Calls]:
    """The calls of ``step``; repetitions are one row."""
    return [_row(list(group), step.started or 0.0) for _, group in groupby(step.calls, key=_alike)]


def calls_summary(step: StepRecord) -> str:
    """How many, and their share of the step's time."""
    return f"{len(step.calls)} API call{'' if len(step.calls) == 1 else 's'}, {_spent(step)}"


def calls_explained(step: StepRecord) -> str:
    """Where the time of the step went: inside calls, before the first, between them, after the last."""
    if step.took is None or step.started is None or not step.calls:
        return "The step never ended, so its time is not explained."
    first = max(0.0, step.calls[0].started - step.started)
    last = max(0.0, step.started + step.took - max(call.started + call.took for call in step.calls))
    inside = _inside(step.calls)
    between = max(0.0, step.took - inside - first - last)
    parts = (
        f"{figure(first, 's')} until the first call",
        f"{figure(inside, 's')} in calls",
        f"{figure(between, 's')} between calls (starting a client again, polling)",
        f"{figure(last, 's')} after the last one",
    )
    return f"The step's {figure(step.took, 's')}: {', '.join(parts)}."


def _spent(step: StepRecord) -> str:
    inside = figure(_inside(step.calls), "s")
    return f"{inside} of {figure(step.took, 's')}" if step.took is not None else inside


def _inside(every: Sequence[CallRecord]) -> float:
    """Seconds in which at least one call was under way: calls of a parallel client are not counted twice."""
    total, until = 0.0, 0.0
    for call in sorted(every, key=lambda each: each.started):
        ended = call.started + call.took
        total += max(0.0, ended - max(call.started, until))
        until = max(until, ended)
    return total


def _alike(call: CallRecord) -> tuple[object, ...]:
    return call.service, call.action, call.resource, call.status, call.error, call.by


def _row(group: Sequence[CallRecord], began: float) -> Calls:
    first = group[0]
    times = f", {len(group)} times" if len(group) > 1 else ""
    answer = "" if first.status is None else str(first.status)
    return Calls(
        started=max(0.0, first.started - began),
        name=f"{first.service}:{first.action}{times}",
        resource=first.resource,
        answer=f"{answer} {first.error}".strip(),
        took=sum(call.took for call in group),
        by=first.by,
    )

"""The judgement of a run: a pure function of its record.

First come the reasons for which nothing can be judged; the first of them answers alone. Then every rule speaks,
and the worst answer wins: failed before inconclusive before passed. *Unknown* never counts as *pass*.
Each reason is a sentence with the figures that it stands on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from harness.errors import ExitCode
from harness.model import ACCEPTED, CheckResult, Metric, Outcome, Phase, ResidueClass, Verdict
from harness.record import (
    DETECT_TIME,
    RECOVERY_TIME,
    REQUESTS_FAILED,
    WRITES_LOST,
    AttemptRecord,
    RunRecord,
    WritesRecord,
)
from harness.units import figure, format_duration

Objection = tuple[Verdict, str]
"""What speaks against *passed*, and why."""
_ASKED = "--sabotage "
_AFTER_JUDGEMENT = (Phase.TEARDOWN, Phase.REPORT)
_ENDING = (Phase.VERDICT, *_AFTER_JUDGEMENT)
"""Phases that every run goes through, however it ended: none of them is where it was interrupted."""


def judge(record: RunRecord) -> tuple[Verdict, tuple[str, ...]]:
    """Verdict and reasons of a run, from what was measured; ``record.verdict`` is ignored.

    Several reasons are given in order of weight; for *passed* they are the proofs.
    """
    for stop in _STOPS:
        for objection in stop(record):
            return objection[0], (objection[1],)
    objections = [objection for rule in _RULES for objection in rule(record)]
    if not objections:
        return Verdict.PASSED, tuple(_proofs(record))
    objections.sort(key=lambda objection: objection[0] != Verdict.FAILED)  # stable: the rules' order otherwise
    return objections[0][0], tuple(reason for _, reason in objections)


def exit_code(verdict: Verdict) -> ExitCode:
    """What ``drill run`` answers to the shell for ``verdict``."""
    return {
        Verdict.PASSED: ExitCode.PASSED,
        Verdict.FAILED: ExitCode.FAILED,
        Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
        Verdict.INTERRUPTED: ExitCode.INTERRUPTED,
        Verdict.ERROR: ExitCode.ENVIRONMENT,
    }[verdict]


def _interrupted(record: RunRecord) -> Iterator[Objection]:
    if record.interrupted_by:
        got_to = [each.name for each in record.phases if each.name not in _ENDING]
        where = f" in phase {got_to[-1]}" if got_to else ""
        after = f"{record.took:.1f} s after its start"
        yield Verdict.INTERRUPTED, f"The run was ended by {record.interrupted_by}{where}, {after}."


def _environment(record: RunRecord) -> Iterator[Objection]:
    error = record.error
    if error and error.phase not in _AFTER_JUDGEMENT:
        yield Verdict.ERROR, f"{error.error} in phase {error.phase}: {error.message}"


def _baseline(record: RunRecord) -> Iterator[Objection]:
    phase = record.phase(Phase.BASELINE)
    bad = [c.result for c in record.checks if c.purpose == "baseline" and c.result.outcome != Outcome.PASS]
    if bad:
        yield Verdict.INCONCLUSIVE, f"The good release was not good: {_asked(bad[0])}."
    if phase is None or not phase.ok:
        why = f": {phase.summary}" if phase and phase.summary else ""
        yield Verdict.INCONCLUSIVE, f"The stack was never steady before the bad release{why}."


def _fault(record: RunRecord) -> Iterator[Objection]:
    if record.fault is None:
        yield Verdict.INCONCLUSIVE, "It was never judged whether the bad release does harm, so nothing was rehearsed."
    elif not record.fault.fired:
        yield Verdict.INCONCLUSIVE, f"The fault did not fire, so nothing was rehearsed: {record.fault.summary}."


_STOPS: tuple[Callable[[RunRecord], Iterator[Objection]], ...] = (_interrupted, _environment, _baseline, _fault)


def _detection(record: RunRecord) -> Iterator[Objection]:
    metric = record.metric(DETECT_TIME)
    if record.detected is None:
        yield Verdict.FAILED, f"Nobody noticed the outage: neither smoke nor the error budget did ({_limit(metric)})."
    elif metric.value is None:
        yield Verdict.INCONCLUSIVE, "The time to detect is unknown: the request log shows no failed request."
    elif metric.within is False:
        yield Verdict.FAILED, f"Detection took {_shown(metric)}, {_limit(metric)}."


def _recovered(record: RunRecord) -> Iterator[Objection]:
    if not record.attempts:
        if record.detected:
            yield Verdict.INCONCLUSIVE, "The outage was noticed, but no attempt to recover was made."
        return
    last = record.attempts[-1]
    if last.recovered is None:
        yield Verdict.INCONCLUSIVE, f"{_called(last)} was never judged."
    elif not last.recovered and (asked := _unanswered(record, last)):
        yield Verdict.INCONCLUSIVE, f"{_called(last)} could not be judged: {asked}."
    elif not last.recovered:
        tried = f"{_called(last, middle=True)} was the last of {len(record.attempts)}"
        yield Verdict.FAILED, f"Nothing recovered the users: {tried}{_because(last)}."
    elif last.findings and last.number > 1:  # what the first attempt met is judged against its declaration
        modes = _ids({finding.mode for finding in last.findings})
        yield Verdict.FAILED, f"{_called(last)} recovered the users, but something broke in it: {modes}."


def _last_checks(record: RunRecord) -> Iterator[Objection]:
    if not record.attempts or not record.attempts[-1].recovered:
        return
    last = record.attempts[-1]
    for result in record.verify_checks(last.number):
        asked = _asked(result)
        if result.outcome == Outcome.FAIL:
            yield Verdict.FAILED, f"{_called(last)} was judged recovered although a check failed: {asked}."
        elif result.outcome == Outcome.UNKNOWN:
            yield Verdict.INCONCLUSIVE, f"After {_called(last, middle=True)} a check could not be answered: {asked}."


def _first_attempt(record: RunRecord) -> Iterator[Objection]:
    first = next((attempt for attempt in record.attempts if attempt.number == 1), None)
    if first is None or first.recovered is None:
        return
    asked = "" if first.recovered else _unanswered(record, first)
    if asked:
        if first is not record.attempts[-1]:  # of the last one it has been said
            yield Verdict.INCONCLUSIVE, f"{_called(first)} could not be judged: {asked}."
        return
    seen, declared = {finding.mode for finding in first.findings}, set(record.expected_findings)
    if sabotages(record):
        yield from _honest(first, seen - declared)
    elif record.expected_first_attempt == "clean":
        if not first.recovered or seen:
            met = f"with {_ids(seen)}" if seen else "without a finding"
            yield Verdict.FAILED, f"The first attempt is declared clean, and it was broken {met}{_because(first)}."
    elif first.recovered:
        told = f"The first attempt is declared broken by {_ids(declared)}, and it recovered"
        yield Verdict.FAILED, f"{told}: the scenario teaches nothing any more."
    else:
        yield from _declared_findings(seen, declared)


def _honest(first: AttemptRecord, met: set[str]) -> Iterator[Objection]:
    """Under sabotage an attempt may break, for somebody tries again; one that says that all went well is believed."""
    if met and not first.recovered and first.steps and all(step.ok for step in first.steps):
        told = f"{_called(first)} broke under sabotage and did not say so: every step exited 0"
        yield Verdict.FAILED, f"{told} ({_ids(met)}){_because(first)}."


def sabotages(record: RunRecord) -> tuple[str, ...]:
    """What was broken on purpose besides what the scenario says: such a run is judged as a rehearsal of trouble."""
    return tuple(each.removeprefix(_ASKED) for each in record.changes if each.startswith(_ASKED))


def _unanswered(record: RunRecord, attempt: AttemptRecord) -> str:
    """The question that nobody answered, where that is all that speaks against ``attempt``; else empty."""
    checks = record.verify_checks(attempt.number)
    unknown = [_asked(check) for check in checks if check.outcome == Outcome.UNKNOWN]
    return "" if attempt.findings or any(c.outcome == Outcome.FAIL for c in checks) else "; ".join(unknown)


def _declared_findings(seen: set[str], declared: set[str]) -> Iterator[Objection]:
    if declared - seen:
        missing = _ids(declared - seen)
        yield Verdict.FAILED, f"The first attempt is declared broken by {_ids(declared)}; {missing} was not seen."
    if seen - declared:
        yield Verdict.FAILED, f"The first attempt broke in a way that is not declared: {_ids(seen - declared)}."


def _sabotage(record: RunRecord) -> Iterator[Objection]:
    met = {call.by for step in record.steps for call in step.calls}
    armed = {each.sabotage for each in record.sabotages if each.met}
    for name in sabotages(record):
        if ":" in name and f"sabotage {name}" not in met:
            told = "met no call of the first attempt, so the path was not tried against it"
            yield Verdict.INCONCLUSIVE, f"The sabotage {name} {told}."
        elif ":" not in name and name not in armed:
            yield Verdict.INCONCLUSIVE, f"The sabotage {name} was never in effect, so nothing was tried against it."


def _recovery_time(record: RunRecord) -> Iterator[Objection]:
    metric = record.metric(RECOVERY_TIME)
    if metric.within is False and metric.value is not None:
        yield Verdict.FAILED, f"Recovery took {_shown(metric)}, {_limit(metric)}."
    elif record.attempts and record.attempts[-1].recovered and metric.value is None:
        if record.outage:
            good = f"{record.min_success:.1%} good responses for {format_duration(record.sustained)}"
            told = "The checks say recovered, the users do not"
            yield Verdict.FAILED, f"{told}: the request log does not end with {good}."
        else:
            yield Verdict.INCONCLUSIVE, "The recovery time is unknown: the request log shows no failed request."


def _requests(record: RunRecord) -> Iterator[Objection]:
    metric = record.metric(REQUESTS_FAILED)
    if metric.within is False:
        yield Verdict.FAILED, f"{_shown(metric)} of the requests failed ({metric.note}), {_limit(metric)}."
    elif metric.value is None and metric.budget is not None:
        yield Verdict.INCONCLUSIVE, f"The share of failed requests is unknown, {_limit(metric)}."


def _writes(record: RunRecord) -> Iterator[Objection]:
    metric, writes = record.metric(WRITES_LOST), record.writes
    if writes is None:
        yield Verdict.INCONCLUSIVE, "It is unknown how many writes were acknowledged, so none can be called safe."
    elif writes.lost is None and writes.acknowledged:
        why = f": {writes.summary}" if writes.summary else ""
        told = f"{writes.acknowledged:,} writes were acknowledged"
        yield Verdict.INCONCLUSIVE, f"{told}, and it could not be counted how many of them are lost{why}."
    elif metric.within is False:
        yield Verdict.FAILED, f"{_lost(writes)}, {_limit(metric)}."


def _data(record: RunRecord) -> Iterator[Objection]:
    """Rows that are not as they were are a loss, whether or not the checks look at them; only a path may accept it."""
    if not record.attempts or record.attempts[-1].rung == ACCEPTED:
        return
    lost = [row.key for row in record.residue or () if row.residue_class is ResidueClass.LOST_OR_CHANGED_DATA]
    if lost:
        yield Verdict.FAILED, f"Data of the good release is lost or changed: {', '.join(lost)}."


_RULES: tuple[Callable[[RunRecord], Iterator[Objection]], ...] = (
    _recovered,
    _recovery_time,
    _writes,
    _data,
    _first_attempt,
    _sabotage,
    _detection,
    _requests,
    _last_checks,
)


def _proofs(record: RunRecord) -> Iterator[str]:
    last, recovery, writes = record.attempts[-1], record.metric(RECOVERY_TIME), record.writes
    yield f"{_called(last)} recovered the users; recovery took {_shown(recovery)}, {_limit(recovery)}."
    for each in record.sabotages:
        yield f"Sabotage {each.sabotage} was in effect in attempt 1: {each.what}."
    if record.expected_first_attempt == "broken" and not sabotages(record):
        yield f"The first attempt broke as declared, by {_ids(set(record.expected_findings))}."
    if writes and writes.acknowledged:
        yield f"{_lost(writes)}, {_limit(record.metric(WRITES_LOST))}."
    for name in (DETECT_TIME, REQUESTS_FAILED):
        metric = record.metric(name)
        if metric.within:
            yield f"{name.capitalize()}: {_shown(metric)}, {_limit(metric)}."


def _called(attempt: AttemptRecord, *, middle: bool = False) -> str:
    word = "attempt" if middle else "Attempt"
    return f"{word} {attempt.number} ({attempt.name})" if attempt.name else f"{word} {attempt.number}"


def _because(attempt: AttemptRecord) -> str:
    return f": {attempt.summary.rstrip('.')}" if attempt.summary else ""


def _asked(result: CheckResult) -> str:
    return f"{result.name}: expected {result.expected or 'a pass'}, saw {result.seen or 'nothing'}"


def _lost(writes: WritesRecord) -> str:
    return f"{writes.lost or 0:,} of {writes.acknowledged:,} acknowledged writes are lost"


def _ids(modes: set[str]) -> str:
    return ", ".join(sorted(modes))


def _shown(metric: Metric) -> str:
    return figure(metric.value, metric.unit)


def _limit(metric: Metric) -> str:
    return "no limit is set" if metric.budget is None else f"the limit is {figure(metric.budget, metric.unit)}"

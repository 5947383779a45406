"""What the one-page report says, in sentences: pure functions of the record, no Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.model import (
    CheckResult,
    Finding,
    Forecast,
    Latency,
    Metric,
    Outcome,
    Phase,
    Reach,
    ResidueClass,
    ResidueRow,
    Verdict,
)
from harness.record import (
    ATTEMPT_TIME,
    RECOVERY_TIME,
    AttemptRecord,
    PhaseRecord,
    RunRecord,
    StepRecord,
)
from harness.units import figure, format_duration

CHART_FILE = "outage.svg"
"""The chart that the page shows, where there is one."""
_FOR_GOOD = (ResidueClass.LOST_OR_CHANGED_DATA, ResidueClass.CANNOT_BE_UNDONE)
_AFTER_WATCH = (Phase.VERDICT, Phase.TEARDOWN, Phase.REPORT)


@dataclass(frozen=True)
class Row:
    """A row of the table of times."""

    name: str
    took: str
    budget: str
    state: str
    over: bool = False
    strong: bool = False


def headline(record: RunRecord) -> str:
    """Verdict, attempt, time and budget."""
    verdict = record.verdict.upper()
    recovery = record.metric(RECOVERY_TIME)
    budget = f"(budget {figure(record.budgets.rto, 's')})"
    good = next((attempt for attempt in record.attempts if attempt.recovered), None)
    if good and recovery.value is not None:
        return f"{verdict}, recovered on attempt {good.number} in {figure(recovery.value, 's')} {budget}"
    if record.outage and record.verdict == Verdict.FAILED:
        return f"{verdict}, not recovered by {_counted(len(record.attempts), 'attempt')} {budget}"
    last = watched_phase(record)
    return f"{verdict} in phase {phase_name(last)}" if last and record.verdict in _CUT_SHORT else verdict


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


_CUT_SHORT = (Verdict.INTERRUPTED, Verdict.ERROR)


def summary(record: RunRecord) -> str:
    """What happened, for somebody who has not seen the scenario."""
    if record.verdict == Verdict.INCONCLUSIVE:
        return f"This run proves nothing, in either direction. {' '.join(record.reasons[:1])}"
    if record.verdict in _CUT_SHORT:
        known = " What was seen until then is below; it is no judgement." if record.outage or record.attempts else ""
        return f"{' '.join(record.reasons[:1]).splitlines()[0]}{known}"
    return " ".join(_story(record)) or " ".join(record.reasons[:1])


def _story(record: RunRecord) -> Iterator[str]:
    if not record.attempts:
        return
    first, last = record.attempts[0], record.attempts[-1]
    after = _after_first_bad(record)
    if first.recovered:
        yield f"The first attempt, {first.name}, brought the users back{after}."
        return
    took = f" in {figure(first.acted, 's')}" if first.acted is not None else ""
    ran = bool(first.steps) and all(step.ok for step in _whole(first.steps))
    done = "said that it was done" if ran else "did not get through"
    why = f": {first.findings[0].title}" if first.findings else ""
    if first.next:
        yield f"The first attempt, {first.name}, brought the users back{after}."
        yield f"The next deploy, {first.next.release}, showed that it was not over{why}."
    else:
        yield f"The rollback {done}{took}. The users were not back{why}."
    if last.recovered and first.next:
        yield f"A remedy, {last.name}, put that right."
    elif last.recovered:
        yield f"A remedy, {last.name}, brought them back{after}."
    elif len(record.attempts) > 1:
        remedies = "The remedy" if len(record.attempts) == 2 else f"Each of the {len(record.attempts) - 1} remedies"
        yield f"{remedies} after it did not bring them back either."
    else:
        yield "There was no remedy after it."


def _after_first_bad(record: RunRecord) -> str:
    value = record.metric(RECOVERY_TIME).value
    return "" if value is None else f", {figure(value, 's')} after the first bad response"


def next_steps(record: RunRecord) -> list[str]:
    """What the reader does now; empty for a run that passed and left nothing."""
    steps = []
    if record.error and record.error.next_step:
        steps.append(record.error.next_step)
    if record.left_behind:
        steps.append(f"remove what was left behind: drill reap {record.run}")
    if record.verdict == Verdict.FAILED:
        steps.append("do not count on this path in an outage before a drill of it passes")
    elif record.verdict == Verdict.INCONCLUSIVE and record.fault and not record.fault.fired:
        steps.append("make the bad release fail its users (the scenario's `fault:` says by how much), then drill again")
    elif record.verdict == Verdict.INCONCLUSIVE:
        steps.append("remove the cause above, then drill again")
    elif record.verdict == Verdict.INTERRUPTED and not record.left_behind:
        steps.append(f"see that nothing is left (drill reap {record.run}), then drill again")
    return steps


def first_attempt(record: RunRecord) -> str:
    """One paragraph above (or instead of) the table of findings."""
    first = record.attempts[0] if record.attempts else None
    if first is None:
        last = watched_phase(record)
        where = f" The run got as far as phase {phase_name(last)}." if last else ""
        return f"There was no attempt to recover.{where}"
    if first.recovered is None:
        seen = "What it had met by then:" if first.findings else "No finding was recorded by then."
        return f"Attempt 1 ({first.name}) had started when the run ended; it was never judged. {seen}"
    if first.findings:
        return ""
    if first.recovered:
        return f"Nothing. Attempt 1 ({first.name}) recovered the users, and {_asked(record.verify_checks(1))} after it."
    detail = f": {first.summary}" if first.summary else ""
    return f"Attempt 1 ({first.name}) did not recover the users, and no finding says why{detail}."


def _asked(checks: Sequence[CheckResult]) -> str:
    good = sum(check.outcome == Outcome.PASS for check in checks)
    return f"{good} of {len(checks)} checks passed" if checks else "no check is on record"


def silent_failure(record: RunRecord) -> str:
    """Says so where every command of a broken first attempt reported success; empty otherwise."""
    first = record.attempts[0] if record.attempts else None
    if first is None or first.recovered is not False or not first.steps:
        return ""
    steps = _whole(first.steps)
    if any(step.exit_code != 0 for step in steps):
        return ""
    names = ", ".join(step.step for step in steps)
    return f"Every command of this attempt exited 0 ({names}): by its exit code the rollback was a success."


def _whole(steps: Sequence[StepRecord]) -> list[StepRecord]:
    """Steps of the scenario, without their parts."""
    return [each for each in steps if not each.part_of]


def next_deploys(record: RunRecord) -> list[str]:
    """What came of the deploy after each attempt that recovered."""
    found = [(each, each.next) for each in record.attempts if each.next]
    return [
        f"The next deploy after {attempt_name(attempt)}, release {after.release}: "
        + (f"{after.summary}, as it has to be." if after.ok else f"not as it has to be: {after.summary}.")
        for attempt, after in found
    ]


def declared(record: RunRecord) -> str:
    """What the path declares about its first attempt, where that is a break."""
    if record.expected_first_attempt == "clean" or not record.attempts or record.attempts[0].recovered is None:
        return ""
    modes = ", ".join(record.expected_findings)
    return f"The path {record.path!r} is there to teach this: it declares a first attempt that breaks by {modes}."


def finding_time(record: RunRecord, finding: Finding) -> str:
    """Offset of a finding, from the first bad response, or from the attempt's start where there is none."""
    zero, unit = _zero(record, finding.attempt)
    return f"+{finding.seen_at - zero:.1f} s{unit}"


def _zero(record: RunRecord, attempt: int) -> tuple[float, str]:
    if record.outage:
        return record.outage.first_bad, ""
    started = next((each.started for each in record.attempts if each.number == attempt), None)
    return (started, " of the attempt") if started is not None else (0.0, " of the run")


def rows(record: RunRecord) -> list[Row]:
    """Times and counts against their budgets, in order of events."""
    return [_row(record, metric) for metric in record.metrics]


def _row(record: RunRecord, metric: Metric) -> Row:
    budget = "" if metric.budget is None else figure(metric.budget, metric.unit)
    if metric.name.startswith(f"{ATTEMPT_TIME} "):
        attempt = next(each for each in record.attempts if f"{ATTEMPT_TIME} {each.number}" == metric.name)
        return Row(attempt_name(attempt), _attempt_time(attempt), budget, metric.note)
    name, took = metric.name, figure(metric.value, metric.unit)
    if metric.name == RECOVERY_TIME:
        name = f"{name} (first bad response to sustained good)"
        took = "; ".join(filter(None, (took if metric.value is not None else "", metric.note))) or took
    elif metric.value is None and metric.note:
        took = f"{took}, {metric.note}"
    elif metric.note:
        took = f"{took} ({metric.note})" if metric.unit == "ratio" else f"{took} {metric.note}"
    state = {True: "ok", False: "over", None: ""}[metric.within]
    return Row(name, took, budget, state, over=metric.within is False, strong=metric.name == RECOVERY_TIME)


def attempt_name(attempt: AttemptRecord) -> str:
    """Number, name and rung of an attempt."""
    rung = f" ({attempt.rung})" if attempt.rung and attempt.rung not in attempt.name else ""
    return f"attempt {attempt.number} · {attempt.name}{rung}" if attempt.name else f"attempt {attempt.number}"


def _attempt_time(attempt: AttemptRecord) -> str:
    waited = f" + {figure(attempt.converged, 's')} until judged" if attempt.converged else ""
    return f"{figure(attempt.acted, 's')}{waited}"


def forecast(record: RunRecord) -> str:
    """What the static look said, and whether the first attempt proved it right; empty where nobody looked."""
    if record.forecast is None:
        return ""
    if record.forecast.reach is None:
        return _foretold(record.forecast, [each.mode for each in record.findings])
    said, came = record.forecast.reach, _reach(record)
    why = f" ({'; '.join(record.forecast.why)})" if record.forecast.why else ""
    if came is None:
        return f"Before it went out, a static look called the bad release {said}{why}; no attempt shows whether it is."
    order = list(Reach)
    judged = "right" if said is came else "too mild" if order.index(said) < order.index(came) else "too strict"
    return (
        f"Before it went out, a static look called the bad release {said}{why}. "
        f"That was {judged}: by the first attempt it was {came}."
    )


def _foretold(said: Forecast, broke: Sequence[str]) -> str:
    told = [mode for mode in dict.fromkeys(broke) if mode in said.tells]
    untold = [mode for mode in dict.fromkeys(broke) if mode not in said.tells]
    wrong = [mode for mode in said.tells if mode not in broke]
    judged = [
        f"it told {', '.join(told)}" if told else "",
        f"it could not tell {', '.join(untold)}" if untold else "",
        f"it told {', '.join(wrong)}, which did not come" if wrong else "",
    ]
    sums = "; ".join(each for each in judged if each) or "it told nothing, and nothing of the kind broke"
    return f"Before it went out, a static look said: {'; '.join(said.why)}. Of what broke, {sums}."


def _reach(record: RunRecord) -> Reach | None:
    """How far the bad release really went: what was not back when the first attempt was judged."""
    first = record.attempts[0] if record.attempts else None
    if first is None or first.recovered is None or first.residue is None:
        return None
    if first.writes_lost or any(row.residue_class is ResidueClass.LOST_OR_CHANGED_DATA for row in first.residue):
        return Reach.DESTRUCTIVE
    return Reach.REVERSIBLE if first.recovered else Reach.NO_LOSS


def ladder(record: RunRecord) -> list[tuple[str, str, str, str]]:
    """Rungs in the order in which they were tried: attempt, time of its steps, what it came to, what it cost."""
    return [
        (attempt_name(each), figure(each.acted, "s"), _came_to(each), _cost(each))
        for each in record.attempts
        if each.recovered is not None
    ]


def _came_to(attempt: AttemptRecord) -> str:
    if attempt.recovered:
        return "recovered"
    return "recovered, and broken by the next deploy" if attempt.next else "broken"


def faster(record: RunRecord) -> str:
    """What would have been faster: the attempt that recovered, tried first; empty where it was the first."""
    first, *rest = record.attempts or (None,)
    better = next((each for each in rest if each.recovered), None)
    if first is None or first.started is None or first.next or better is None or better.started is None:
        return ""
    before = "attempt 1" if better.number == 2 else f"attempts 1 to {better.number - 1}"
    return (
        f"What would have been faster: {attempt_name(better)} at once, if it needs nothing of what {before} did. "
        f"{figure(better.started - first.started, 's')} went by before it began."
    )


def _cost(attempt: AttemptRecord) -> str:
    """What the team's scripts counted, then the writes that were lost when the attempt was judged."""
    told = [f"{cost.count:,} {cost.what}" for step in attempt.steps for cost in step.costs]
    if attempt.writes_lost is not None:
        told.append(f"{attempt.writes_lost:,} acknowledged writes lost")
    for kind in _FOR_GOOD:
        if number := sum(row.residue_class is kind for row in attempt.residue or ()):
            told.append(f"residue: {_counted(number, 'row')} {kind}")
    return ", ".join(told) or "not counted"


def percentiles(latency: Latency) -> str:
    """p50 / p95 / p99 in milliseconds."""
    return " / ".join(f"{value:,.0f}" for value in (latency.p50, latency.p95, latency.p99)) + " ms"


def ending(step: StepRecord) -> str:
    """How a step ended."""
    if step.ok is None:
        return "never ended"
    if step.exit_code is not None:
        return f"exit {step.exit_code}"
    failed = "failed" if step.part_of else "not ok, no exit code"
    return "ok" if step.ok else failed


def failing_checks(record: RunRecord) -> list[tuple[str, CheckResult]]:
    """Checks that did not pass when they were asked last, and when that was; those that became a finding left out."""
    told = {(finding.attempt, finding.check) for finding in record.findings}
    return [
        (f"attempt {check.attempt}" if check.attempt else check.purpose, check.result)
        for check in record.checks
        if check.purpose in ("baseline", "verify")  # the bad release is meant to fail what is asked in between
        and check.result.outcome != Outcome.PASS
        and (check.attempt, check.result.name) not in told
    ]


def watched_phase(record: RunRecord) -> PhaseRecord | None:
    """The last phase before the judgement that the run got to."""
    found = [phase for phase in record.phases if phase.name not in _AFTER_WATCH]
    return found[-1] if found else None


def phase_name(phase: PhaseRecord) -> str:
    """Name and attempt of a phase; ``attempt 2``, ``verify of attempt 2``."""
    if phase.attempt is None:
        return phase.name
    return f"attempt {phase.attempt}" if phase.name == Phase.ATTEMPT else f"{phase.name} of attempt {phase.attempt}"


def step_phase(step: StepRecord) -> str:
    """The phase that a step belongs to."""
    return phase_name(PhaseRecord(name=step.phase, attempt=step.attempt, started=step.started or 0.0))


def shown_phases(record: RunRecord) -> list[PhaseRecord]:
    """Every phase but the one that writes this page: it cannot have ended yet."""
    return [phase for phase in record.phases if phase.name != Phase.REPORT]


def measured(record: RunRecord) -> bool:
    """Whether any figure is known."""
    return any(metric.value is not None for metric in record.metrics) or record.outage is not None


def phase_time(phase: PhaseRecord) -> str:
    """Duration of a phase; says so where it never ended."""
    return "never ended" if phase.ended is None else format_duration(max(phase.ended - phase.started, 0.0))


def brought_back(record: RunRecord) -> list[ResidueRow]:
    """What the first attempt left and a later one put back: rows that are not, or not so, in the last comparison."""
    first, *later = record.attempts or (None,)
    if first is None or not any(each.residue is not None for each in later):
        return []
    still = {(row.layer, row.key) for row in record.residue or ()}
    return [row for row in first.residue or () if (row.layer, row.key) not in still]


def compared(record: RunRecord) -> str:
    """After which attempt which layers were compared, and how much of them."""
    number = max((each.number for each in record.attempts if each.residue is not None), default=0)
    return f"after attempt {number}, {_layers(record)}"


def _layers(record: RunRecord) -> str:
    if not record.compared:
        return "which layers were compared is not on record"
    total = sum(each.keys for each in record.compared)
    layers = ", ".join(f"{each.layer} ({each.keys})" for each in record.compared)
    return f"compared with S0: {total} keys of {len(record.compared)} layers: {layers}"

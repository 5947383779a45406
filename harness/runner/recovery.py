"""Attempts and their verification: what a path really brings back, and what broke on the way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from http import HTTPStatus

from harness.catalogue import UNCLASSIFIED, Mode, load_catalogue, told_apart
from harness.errors import TimeLimit
from harness.events import AttemptJudged, FindingSeen, ResidueJudged, WritesCounted
from harness.limits import POLL
from harness.model import ACCEPTED, CheckResult, Finding, Outcome, Phase, ResidueRow
from harness.probe.analysis import first_bad, in_window, success_ratio
from harness.probe.samples import Sample, request_id
from harness.residue import differences
from harness.runner.acting import run_steps
from harness.runner.asking import ask_all, count_writes, first_failure, record, take_snapshot
from harness.runner.next_deploy import deploy_next
from harness.runner.phases import Next
from harness.runner.sabotaging import sabotaged
from harness.runner.session import Acted, Session
from harness.scenario.models import Attempt
from harness.spi import Scope
from harness.units import format_duration

_ASKED = 3
"""Kinds of failing requests whose last words are looked up."""


def attempts(session: Session) -> Sequence[Attempt]:
    """The rollback itself, the same again where a sabotage stopped it that is over now, then its remedies."""
    rollback = session.path.rollback
    again = rollback.model_copy(update={"name": f"{rollback.name}, again"})
    return (rollback, *([again] if session.again else []), *session.path.remedies)


def attempt(session: Session) -> Next:
    """Run the steps of the present attempt, exactly as they are written."""
    plan = attempts(session)[session.attempt - 1]
    began = session.timeline.now()
    failed: CheckResult | None = None
    try:
        with sabotaged(session):
            failed = run_steps(session, plan.steps, session.scope(_target(session, plan)))
    except TimeLimit as limit:
        failed = CheckResult(
            name=f"attempt {session.attempt}", outcome=Outcome.FAIL, expected="an end in time", seen=limit.message
        )
    ended = session.timeline.now()
    session.acted = Acted(plan, ended - began, ended, failed)
    summary = f"{plan.name}: {failed.seen}" if failed else f"{plan.name}: every step exited 0"
    return Next(Phase.VERIFY, failed is None, summary)


def verify(session: Session) -> Next:
    """Judge the attempt by what users and instances see, never by what its commands said."""
    acted = session.acted
    if acted is None:
        raise AssertionError("nothing was attempted yet")
    scope = session.scope(_target(session, acted.plan))
    converged: float | None = None
    residue: tuple[ResidueRow, ...] | None = None
    try:
        results = _settled(session, scope)
        failing = first_failure(results) or _soak(session, scope)
        converged = session.timeline.now() - acted.ended
        writes = count_writes(session)
        failing = failing or _lost(session, acted.plan, writes)
        residue = _residue(session)
        if failing is None and acted.plan.target != "next":
            failing = deploy_next(session, _settled)
    except TimeLimit as limit:
        results, writes = [], WritesCounted(acknowledged=0, lost=None)
        failing = CheckResult(
            name="verification", outcome=Outcome.FAIL, expected="a stack that settles", seen=limit.message
        )
    converged = session.timeline.now() - acted.ended if converged is None else converged
    record(session, "verify", results if failing is None or failing in results else [*results, failing])
    residue = _residue(session) if residue is None else residue
    met = _findings(session, acted, [each for each in (acted.failed_step, failing) if each], residue)
    session.again = session.again or (failing is not None and _was_stopped(session, met))
    summary = f"{failing.name}: {failing.seen or 'no answer'}" if failing else "users and every instance are fine"
    session.timeline.write(
        AttemptJudged(
            attempt=session.attempt,
            name=acted.plan.name,
            rung=acted.plan.rung,
            recovered=failing is None,
            acted=acted.took,
            converged=converged,
            summary=summary,
            writes_lost=writes.lost,
        )
    )
    more = failing is not None and session.attempt < len(attempts(session))
    return Next(Phase.ATTEMPT if more else Phase.VERDICT, failing is None, summary)


def _target(session: Session, plan: Attempt) -> str:
    return session.scenario.target_release(session.options.path, plan)


def _settled(session: Session, scope: Scope) -> list[CheckResult]:
    """Ask until every check passes, or until the answers stopped changing for ``windows.settle`` seconds."""
    previous: tuple[tuple[str, str, str], ...] = ()
    since = time.monotonic()
    while True:
        results = ask_all(session, scope)
        answers = tuple((each.name, each.outcome.value, each.seen) for each in results)
        if all(each.outcome is Outcome.PASS for each in results):
            return results
        if answers != previous:
            previous, since = answers, time.monotonic()
        if time.monotonic() - since >= session.windows.settle:
            return results
        time.sleep(POLL)


def _soak(session: Session, scope: Scope) -> CheckResult | None:
    """Watch the users after the recovery; a relapse is a failure. None when all stayed well."""
    began, windows = session.timeline.now(), session.windows
    limit = began + windows.settle + windows.sustained
    while not session.steady(windows.sustained):
        if session.timeline.now() > limit:
            return _users_still_fail(session, began)
        time.sleep(POLL)
    # The steady seconds are the first of the soak, so that it is never empty.
    steady_at = session.timeline.now() - windows.sustained
    while session.timeline.now() - steady_at < windows.soak:
        time.sleep(POLL)
    good = success_ratio(in_window(session.samples(), steady_at, session.timeline.now()))
    if good is None or good < windows.min_success:
        return _users_still_fail(session, steady_at)
    return first_failure(ask_all(session, scope))


def _users_still_fail(session: Session, since: float) -> CheckResult:
    bad = [each for each in session.samples() if each.intended >= since and not each.ok]
    # The newest of each kind: what a service said of it is not far up in its log.
    kinds = {f"{each.name}: {each.error or each.status}": each for each in bad}
    failed = [each for each in kinds.values() if each.status >= HTTPStatus.INTERNAL_SERVER_ERROR]
    said = (line for each in failed[:_ASKED] for line in _said_of(session, each))
    evidence = tuple(dict.fromkeys((*list(kinds)[:5], *said)))
    return CheckResult(
        name="users' traffic",
        outcome=Outcome.FAIL,
        expected=f"at least {session.windows.min_success:.1%} good responses",
        seen=f"{len(bad)} failed in {format_duration(session.timeline.now() - since)}",
        evidence=evidence,
    )


def _said_of(session: Session, sample: Sample) -> Sequence[str]:
    with contextlib.suppress(ConnectionError):
        return session.stack.platform.logs(request_id(sample.seq))[:1]
    return ()


def _lost(session: Session, plan: Attempt, writes: WritesCounted) -> CheckResult | None:
    """More writes lost than the RPO allows: nobody is back for whom the order is gone. A path may accept that."""
    allowed = session.scenario.budgets.rpo
    if plan.rung == ACCEPTED or writes.lost is None or writes.lost <= allowed:
        return None
    seen = f"{writes.lost} of {writes.acknowledged} are lost"
    return CheckResult(
        name="acknowledged writes",
        outcome=Outcome.FAIL,
        expected=f"at most {allowed} lost",
        seen=seen,
        evidence=(f"{writes.acknowledged} writes were acknowledged, {seen}", writes.summary),
    )


def _residue(session: Session) -> tuple[ResidueRow, ...]:
    after = take_snapshot(session, f"S{session.attempt}")
    rows = differences(session.stack.s0 or {}, after, session.stack.observed())
    session.timeline.write(ResidueJudged(attempt=session.attempt, rows=rows))
    return rows


def _was_stopped(session: Session, met: set[str]) -> bool:
    """Whether attempt 1 broke by a sabotage that is over by itself; what the path declares, it would meet again."""
    passed = any(each.passes for each in session.options.sabotages)
    return session.attempt == 1 and passed and bool(met - set(session.path.findings))


def _findings(session: Session, acted: Acted, broken: Sequence[CheckResult], residue: Sequence[ResidueRow]) -> set[str]:
    """Write what broke; the modes that were seen."""
    found = [_finding(session, *each, acted) for each in told_apart(load_catalogue(), broken, residue)]
    for finding in found:
        session.timeline.write(FindingSeen(finding=finding))
    return {each.mode for each in found}


def _finding(session: Session, result: CheckResult, mode: Mode | None, acted: Acted) -> Finding:
    return Finding(
        mode=mode.id if mode else UNCLASSIFIED,
        title=mode.title if mode else f"{result.name}: {result.seen}",
        seen_at=_seen_at(session, acted),
        attempt=session.attempt,
        check=result.name,
        evidence=result.evidence or (f"expected {result.expected}, saw {result.seen}",),
        why=mode.why if mode else "",
        prevent=mode.prevent if mode else "",
        sources=mode.sources if mode else (),
    )


def _seen_at(session: Session, acted: Acted) -> float:
    """The first request that failed after the steps were done; the end of the steps where traffic shows none."""
    bad = first_bad(session.samples(), acted.ended)
    return bad.intended if bad else acted.ended

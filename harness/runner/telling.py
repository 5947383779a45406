"""Telling people that a run started and what it came to. Whatever becomes of that, the run goes on as without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness import origin
from harness.events import Undelivered
from harness.notify.delivery import Sending
from harness.notify.drills import Drilled, link_to, result, started
from harness.notify.message import Message
from harness.record import build_record
from harness.runner.session import Session


def tell_start(session: Session) -> None:
    """Send off that the run started, and wait for nothing: what became of it is asked at the end."""
    with _harmless(session):
        if session.options.notices.targets:
            session.telling = _sent(session, _start(session))


def tell_result(session: Session) -> None:
    """Say what the run came to: when its stack is gone, and before its report, which names who was not told."""
    with _harmless(session):
        if session.telling:
            _note(session, "started", session.telling)
    with _harmless(session):
        if session.options.notices.targets:
            _note(session, "result", _sent(session, _result(session)))


@contextmanager
def _harmless(session: Session) -> Iterator[None]:
    try:
        yield
    except Exception as problem:  # noqa: BLE001  a defect of ours here must cost neither the drill nor its report
        session.note(f"nobody was told: {type(problem).__name__}: {problem}")


def _sent(session: Session, message: Message) -> Sending:
    return Sending(message.cleaned(session.run.redactor.clean), session.options.notices.targets)


def _start(session: Session) -> Message:
    scenario, path = session.scenario, session.options.path
    good, bad = scenario.releases.good, scenario.bad_release(path)
    return started(
        Drilled(
            run=session.run.id,
            scenario=scenario.name,
            path=path,
            good=session.release_names(good)["version"],
            bad=session.release_names(bad)["version"],
            operator=origin.operator(),
            rto=scenario.budgets.rto,
        )
    )


def _result(session: Session) -> Message:
    folder = session.run.folder
    return result(build_record(folder), link_to(session.options.notices.report_url, folder))


def _note(session: Session, what: str, sending: Sending) -> None:
    """Write down what became of a message: each target that did not take it, and whether any did."""
    done = sending.wait()
    for each in done:
        if each.problem:
            session.timeline.write(Undelivered(message=what, to=each.to, reason=each.problem))
    if told := [each.to for each in done if not each.problem]:
        session.note(f"{what} delivered to {', '.join(told)}")

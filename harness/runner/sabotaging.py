"""Breaking the machinery on purpose: from the beginning of attempt 1 to its end, or to the end of the run."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from harness.events import SabotageEnded, SabotageStarted
from harness.runner.session import Session
from harness.sabotages import Armed, Saboteur, Site, dice


def look(session: Session) -> None:
    """Whether there is something to break, now that the stack runs. Raises UsageProblem."""
    for each in _all(session):
        each.look(session.stack)


def ready(session: Session) -> None:
    """The good release serves, and nothing is bad yet."""
    for each in _all(session):
        each.ready(_site(session, each))


@contextmanager
def sabotaged(session: Session) -> Iterator[None]:
    """What was asked for is broken while the block runs, and mended when it is left, however that is.

    What the scenario itself says is broken from the first attempt on and stays so until ``mend``: that is what the
    drill is about, and nobody mends it for the team.
    """
    if session.attempt > 1:
        yield
        return
    for each in session.own_sabotages:
        _arm(session, each, session.broken)
    with ExitStack() as broken:
        for asked in session.options.sabotages:
            _arm(session, asked, broken)
        yield


def mend(session: Session) -> None:
    """Undo what the scenario says; safe to call twice."""
    session.broken.close()


def _all(session: Session) -> Sequence[Saboteur]:
    return (*session.own_sabotages, *session.options.sabotages)


def _site(session: Session, who: Saboteur) -> Site:
    dealt = dice(session.options.seed, who.name)
    return Site(session.stack, session.scenario, session.options.path, session.scope, dealt)


def _arm(session: Session, who: Saboteur, broken: ExitStack) -> None:
    armed = who.arm(_site(session, who))
    broken.callback(_undo, session, who.name, armed)
    session.bench = replace(
        session.stack,
        broken={**session.stack.broken, **armed.environment},
        entry=armed.entry or session.stack.entry,
    )
    session.timeline.write(SabotageStarted(sabotage=who.name, what=armed.what, simulated=who.simulated))


def _undo(session: Session, name: str, armed: Armed) -> None:
    # The limit of the phase is raised again and again; it must not end the mending, which has limits of its own. A
    # blocked signal would be delivered to another thread, and Python would still raise it here.
    limit = signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    try:
        ended = armed.undo()
    finally:
        kept = {key: value for key, value in session.stack.broken.items() if key not in armed.environment}
        entry = "" if armed.entry else session.stack.entry
        session.bench = replace(session.stack, broken=kept, entry=entry)
        signal.signal(signal.SIGALRM, limit)
    session.timeline.write(SabotageEnded(sabotage=name, said=ended.said, met=ended.met))

"""The deploy after the recovery: a rollback that hides it, or that it undoes, was not the end of the story."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.events import NextDeployed
from harness.model import CheckResult
from harness.runner.acting import run_steps
from harness.runner.asking import first_failure
from harness.runner.session import Session
from harness.spi import Scope

NAME = "next deploy"
"""What every answer of this part begins with, so that a failure mode can be told by it."""


def deploy_next(session: Session, settled: Callable[[Session, Scope], Sequence[CheckResult]]) -> CheckResult | None:
    """Deploy what the scenario says comes next and ask who serves; the failure, or None where all is as it has to be.

    Args:
        settled: asks smoke and checks until their answers stay.
    """
    plan = session.scenario.next
    if plan is None:
        return None
    wanted = plan.serves or plan.release
    failed = run_steps(session, plan.steps or session.scenario.deploy, session.scope(plan.release))
    failed = failed or first_failure(settled(session, session.scope(wanted)))
    said = f"{wanted} serves"
    if failed:
        said = f"{failed.name}: expected {failed.expected}, saw {failed.seen or 'no answer'}"
    session.timeline.write(NextDeployed(attempt=session.attempt, release=plan.release, ok=failed is None, summary=said))
    return failed.model_copy(update={"name": f"{NAME}: {failed.name}"}) if failed else None

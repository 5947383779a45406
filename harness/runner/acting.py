"""Running the steps of a deploy or of an attempt, one after the other, each with its own timeout and record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.events import StepEnded, StepStarted
from harness.model import CheckResult, Outcome
from harness.runner.session import Session
from harness.spi import Place, Scope, Step, StepOutcome


def run_steps(session: Session, steps: Sequence[Step], scope: Scope) -> CheckResult | None:
    """Run ``steps`` until one fails; the failure as the answer of a check, or None when all went well."""
    if session.stack.entry:
        scope = scope.plus(stack={"url": session.stack.entry})
    for number, step in enumerate(steps, start=1):
        command = step.describe(scope)
        name = step.name or f"step {number}"
        session.timeline.write(
            StepStarted(step=name, phase=session.phase, attempt=session.attempt or None, command=command)
        )
        place = Place(name, session.phase, session.attempt or None)
        outcome = step.execute(replace(session.stack, place=place), scope)
        session.timeline.write(
            StepEnded(
                step=name,
                phase=session.phase,
                attempt=session.attempt or None,
                ok=outcome.ok,
                took=outcome.took,
                command=outcome.command or command,
                exit_code=outcome.exit_code,
                output=outcome.output,
                log=outcome.log,
                costs=outcome.costs,
            )
        )
        if not outcome.ok:
            return _failure(name, step, outcome)
    return None


def _failure(name: str, step: Step, outcome: StepOutcome) -> CheckResult:
    ended = f"exit {outcome.exit_code}" if outcome.exit_code is not None else f"no end within its {step.timeout:g} s"
    lines = tuple(outcome.output.splitlines()[-8:])
    return CheckResult(name=f"step {name}", outcome=Outcome.FAIL, expected="exit 0", seen=ended, evidence=lines)

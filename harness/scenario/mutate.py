"""A scenario with one thing taken away. A drill that still says *passed* then proves nothing."""

from __future__ import annotations

from harness.errors import UsageProblem
from harness.scenario.models import RecoveryPath, Scenario
from harness.scenario.suggest import near


def without_fault(scenario: Scenario, path: str) -> Scenario:
    """The bad release of ``path`` is the good release again: nothing harms users, the drill must be inconclusive.

    Raises:
        UsageProblem: there is no such path, or its bad release is the good one already.
    """
    found = _path(scenario, path)
    good = scenario.releases.good
    if scenario.bad_release(path) == good:
        raise UsageProblem(
            f"path {path!r} of {scenario.name} has no fault to take away: {good!r} is good and bad at once"
        )
    return _with_path(scenario, path, found.model_copy(update={"bad": good}))


def without_remedies(scenario: Scenario, path: str) -> Scenario:
    """``path`` with its rollback only: where that is not enough, the drill must fail.

    Raises:
        UsageProblem: there is no such path, or it has no remedies.
    """
    found = _path(scenario, path)
    if not found.remedies:
        raise UsageProblem(f"path {path!r} of {scenario.name} has no remedies to take away")
    return _with_path(scenario, path, found.model_copy(update={"remedies": []}))


def _path(scenario: Scenario, name: str) -> RecoveryPath:
    if name in scenario.paths:
        return scenario.paths[name]
    guess = near(name, scenario.paths)
    hint = f" (did you mean {guess!r}?)" if guess else ""
    raise UsageProblem(f"{scenario.name} has no path {name!r}{hint}", next_step=f"paths: {', '.join(scenario.paths)}")


def _with_path(scenario: Scenario, name: str, path: RecoveryPath) -> Scenario:
    # A dict keeps the place of a key that it has: the default path stays the first one.
    return scenario.model_copy(update={"paths": {**scenario.paths, name: path}})

"""What a drill would do, said before it does anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.images import Images
from harness.model import Frozen, Phase
from harness.sabotages import saboteur
from harness.scenario.models import Attempt, Release, Scenario
from harness.spi import Scope, Step
from harness.units import format_duration


class PlannedStep(Frozen):
    """One thing that would be done; ``timeout`` in seconds where it has one of its own."""

    what: str
    timeout: float | None = None


class PlannedPhase(Frozen):
    """A phase with its limit in seconds."""

    name: str
    timeout: float
    steps: tuple[PlannedStep, ...]


class Plan(Frozen):
    """The whole drill."""

    scenario: str
    title: str
    path: str
    phases: tuple[PlannedPhase, ...]
    budgets: dict[str, str]


class _Later(dict[str, object]):
    """Stands for names that exist only when the stack runs: ``services.db.host`` reads ``<services.db.host>``."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def __getattr__(self, key: str) -> _Later:
        if key.startswith("_"):
            raise AttributeError(key)
        return _Later(f"{self._name}.{key}")

    def __str__(self) -> str:
        return f"<{self._name}>"


def plan_of(scenario: Scenario, path: str, images: Images) -> Plan:
    """The plan of ``path``; images are named by their tags, no engine is asked."""
    chosen = scenario.paths[path]
    good, bad = scenario.releases.good, scenario.bad_release(path)
    used = tuple(scenario.used_releases(path).values())
    scopes = {each: _scope(scenario, each, good, bad, images) for each in used}
    limits, windows = scenario.timeouts, scenario.windows
    smoke = tuple(PlannedStep(what=f"smoke: {each.describe(scopes[good])}") for each in scenario.smoke)
    verify = tuple(PlannedStep(what=f"check: {each.describe(scopes[good])}") for each in scenario.verify)
    after = _next(scenario, scopes)
    phases = [
        _phase(
            Phase.PREFLIGHT,
            limits.preflight,
            "guard, engine, tools, images",
            *(f"image {tag}" for tag in _tags(scenario, used, images)),
        ),
        _phase(
            Phase.PROVISION,
            limits.provision,
            *(f"service {name} ({each.uses})" for name, each in scenario.stack.services.items()),
            f"platform {scenario.stack.platform.uses}",
        ),
        PlannedPhase(
            name=Phase.RELEASE_GOOD, timeout=limits.release * 2, steps=(*_steps(scenario.deploy, scopes[good]), *smoke)
        ),
        _phase(
            Phase.BASELINE,
            limits.baseline,
            f"traffic {scenario.traffic.rate:g}/s, steady for {format_duration(windows.baseline)}",
            "snapshot S0",
        ),
        PlannedPhase(
            name=Phase.RELEASE_BAD,
            timeout=limits.release * 2,
            steps=(
                *_steps([scenario.forecast] if scenario.forecast else [], scopes[bad]),
                *_steps(scenario.deploy, scopes[bad]),
                PlannedStep(
                    what=f"the fault must fire: {scenario.fault.error_rate:.0%} of requests fail",
                    timeout=scenario.fault.within,
                ),
            ),
        ),
        PlannedPhase(name=Phase.DETECT, timeout=limits.detect, steps=smoke),
    ]
    for number, attempt in enumerate((chosen.rollback, *chosen.remedies), start=1):
        phases += _attempt(
            number, attempt, scopes[scenario.target_release(path, attempt)], scenario, (*smoke, *verify, *after)
        )
    phases.append(_phase(Phase.VERDICT, limits.teardown, "stop the traffic, count the writes, judge"))
    phases.append(_phase(Phase.TEARDOWN, limits.teardown, "undo everything in the ledger, newest first"))
    phases.append(_phase(Phase.REPORT, limits.teardown, "report.md, run.json, junit.xml, chart"))
    return Plan(
        scenario=scenario.name, title=scenario.title, path=path, phases=tuple(phases), budgets=_budgets(scenario)
    )


def _next(scenario: Scenario, scopes: Mapping[str, Scope]) -> tuple[PlannedStep, ...]:
    if scenario.next is None:
        return ()
    release, serves = scenario.next.release, scenario.next.serves or scenario.next.release
    head = PlannedStep(what=f"once it recovered, {release} is deployed, and then {serves} has to serve")
    return (head, *_steps(scenario.next.steps or scenario.deploy, scopes[release]))


def _phase(phase: Phase, timeout: float, *what: str) -> PlannedPhase:
    return PlannedPhase(name=phase, timeout=timeout, steps=tuple(PlannedStep(what=each) for each in what))


def _steps(steps: Sequence[Step], scope: Scope) -> tuple[PlannedStep, ...]:
    return tuple(
        PlannedStep(what=f"{step.name or 'step'}: {step.describe(scope)}", timeout=step.timeout) for step in steps
    )


def _attempt(
    number: int, attempt: Attempt, scope: Scope, scenario: Scenario, asked: tuple[PlannedStep, ...]
) -> tuple[PlannedPhase, PlannedPhase]:
    condition = "" if number == 1 else ", if the attempt before did not recover"
    broken = [saboteur(name) for name in scenario.sabotage if number == 1]
    act = PlannedPhase(
        name=f"attempt {number}",
        timeout=scenario.timeouts.attempt,
        steps=(
            *(PlannedStep(what=f"broken from now on ({each.name}): {each.breaks}") for each in broken),
            PlannedStep(what=f"{attempt.rung}: {attempt.name}{condition}"),
            *_steps(attempt.steps, scope),
        ),
    )
    soak = PlannedStep(what=f"soak {format_duration(scenario.windows.soak)} under traffic")
    check = PlannedPhase(
        name=f"verify {number}",
        timeout=scenario.timeouts.verify,
        steps=(*asked, soak, PlannedStep(what=f"residue S0 ↔ S{number}")),
    )
    return act, check


def _scope(scenario: Scenario, release: str, good: str, bad: str, images: Images) -> Scope:
    def names(identifier: str) -> dict[str, object]:
        found = scenario.releases.catalogue[identifier]
        return {
            "id": identifier,
            "version": found.version or identifier,
            "image": _tag(found, images),
            "values": found.values,
        }

    return Scope(
        {
            "run": {"id": "<run>"},
            "good": names(good),
            "bad": names(bad),
            "release": names(release),
            "target": names(release),
            "key": "<key>",
            "services": _Later("services"),
            "stack": _Later("stack"),
        }
    )


def _tag(release: Release, images: Images) -> str:
    if release.image is None:
        return ""
    return release.image.ref or images.tag_of(release.image.source, release.image.args)


def _tags(scenario: Scenario, identifiers: Sequence[str], images: Images) -> list[str]:
    needs = [need for each in (*scenario.stack.services.values(), scenario.stack.platform) for need in each.needs()]
    tags = [images.tag_of(need.name, need.args) for need in needs if need.kind == "image"]
    return list(dict.fromkeys([*tags, *(_tag(scenario.releases.catalogue[each], images) for each in identifiers)]))


def _budgets(scenario: Scenario) -> dict[str, str]:
    budgets = scenario.budgets
    said = {"RTO": format_duration(budgets.rto), "RPO": f"{budgets.rpo} writes"}
    if budgets.detect:
        said["detect"] = format_duration(budgets.detect)
    if budgets.failed_requests:
        said["failed requests"] = f"{budgets.failed_requests:.0%}"
    return said

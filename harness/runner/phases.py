"""The phases up to the detection of the outage. Each does its work and says which phase comes next."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from harness.containers import engine_client
from harness.errors import EnvironmentProblem, UsageProblem
from harness.events import Detected, FaultJudged, ReleaseResolved, StackFact
from harness.guard import require_allowed
from harness.images import Image
from harness.limits import wait_until
from harness.model import CheckResult, Outcome, Phase
from harness.probe.analysis import in_window, success_ratio
from harness.probe.process import Probe
from harness.runner.acting import run_steps
from harness.runner.asking import ask_all, first_failure, record, take_snapshot
from harness.runner.forecast import ask_forecast
from harness.runner.sabotaging import look, ready
from harness.runner.session import Session, environment_of
from harness.scenario.models import Scenario
from harness.spi import Bench, Need, Plugin, ServiceConfig
from harness.units import format_duration


@dataclass(frozen=True)
class Next:
    """How a phase ended and what follows."""

    phase: Phase
    ok: bool
    summary: str


def preflight(session: Session) -> Next:
    """May this drill run here? Guard, engine, tools, images; nothing is started."""
    scenario = session.scenario
    for service in scenario.stack.services.values():
        for endpoint in service.endpoints():
            require_allowed(endpoint, allow=scenario.allow, confirmed=session.options.allow_remote)
    for name in scenario.secrets:
        if name not in os.environ:
            raise UsageProblem(
                f"the scenario needs the secret ${name}, and it is not set", next_step=f"export {name}=…"
            )
    needs = list(needs_of(session.scenario, session.options.path))
    if any(need.kind == "engine" for need in needs):
        version = engine_client().version()["Version"]
        session.timeline.write(StackFact(name="container engine", value=version))
    provided = {name for service in scenario.stack.services.values() for name in service.provides()}
    for need in needs:
        if need.kind == "tool" and need.name not in provided and not shutil.which(need.name):
            next_step = need.hint or f"install {need.name}"
            raise EnvironmentProblem(f"the program {need.name!r} is not on PATH", next_step=next_step)
        if need.kind == "image":
            session.run.images.resolve(need.name, need.args)
    built = _resolve_releases(session)
    _write_releases(session)
    return Next(Phase.PROVISION, True, f"{len(session.images)} release images, {built} made now")


def needs_of(scenario: Scenario, path_name: str) -> Iterator[Need]:
    """What a path's drill needs of this host, by its plug-ins; images of releases come besides."""
    path = scenario.paths[path_name]
    plugins: list[Plugin] = [
        scenario.stack.platform,
        *scenario.stack.services.values(),
        *scenario.deploy,
        *([scenario.forecast] if scenario.forecast else []),
        *scenario.smoke,
        *scenario.verify,
        *(scenario.next.steps if scenario.next else ()),
    ]
    plugins += [step for attempt in (path.rollback, *path.remedies) for step in attempt.steps]
    for plugin in plugins:
        yield from plugin.needs()


def _resolve_releases(session: Session) -> int:
    """Resolve the images of this path's releases; returns how many had to be made."""
    for identifier in set(session.scenario.used_releases(session.options.path).values()):
        image = session.scenario.releases.catalogue[identifier].image
        if image and image.source:
            session.images[identifier] = session.run.images.resolve(image.source, image.args)
    return sum(1 for image in session.images.values() if _made(image))


def _write_releases(session: Session) -> None:
    """What is drilled, by digest. A tag of a registry names nothing for certain, so it has none."""
    for role, identifier in session.scenario.used_releases(session.options.path).items():
        names, image = session.release_names(identifier), session.images.get(identifier)
        pinned = str(names["image"]).partition("@")[2]
        session.timeline.write(
            ReleaseResolved(
                role=role,
                release=identifier,
                version=names["version"],
                image=names["image"],
                digest=image.id if image else pinned,
            )
        )


def _made(image: Image) -> bool:
    return image.how != "present"


def provision(session: Session) -> Next:
    """Start the stack: services in the order of their needs, then the platform."""
    stack = session.scenario.stack
    running = session.run.services
    for name, config in _ordered(stack.services):
        running[name] = config.start(name, session.run)
    platform = stack.platform.provision(session.run, running)
    secrets = environment_of(session.scenario.secrets)
    session.bench = Bench(session.run, platform, running, session.loaded.workdir, secrets)
    look(session)
    return Next(Phase.RELEASE_GOOD, True, ", ".join([*running, stack.platform.uses]))


def _ordered(services: dict[str, ServiceConfig]) -> Iterator[tuple[str, ServiceConfig]]:
    waiting = dict(services)
    while waiting:
        ready = [name for name, config in waiting.items() if not set(config.after()) & set(waiting)]
        if not ready:
            raise UsageProblem(f"the services {', '.join(waiting)} wait for each other")
        for name in ready:
            yield name, waiting.pop(name)


def release_good(session: Session) -> Next:
    """Deploy the good release; it has to serve on every instance with smoke green, or the drill means nothing."""
    good = session.scenario.releases.good
    scope = session.scope(good)
    failed = run_steps(session, session.scenario.deploy, scope)
    if failed:
        raise EnvironmentProblem(
            f"the good release {good} does not deploy: {failed.seen}", next_step="see its log in the run folder"
        )
    limit = session.scenario.timeouts.release
    results = wait_until(lambda: _all_pass(session, good), limit)
    if results is None:
        results = ask_all(session, scope)
        record(session, "baseline", results)
        worst = first_failure(results)
        raise EnvironmentProblem(
            f"the good release {good} is not good: {worst.name}: expected {worst.expected}, saw {worst.seen}"
            if worst
            else f"the good release {good} did not settle",
            next_step="a drill needs a release that works",
        )
    record(session, "baseline", results)
    return Next(Phase.BASELINE, True, f"{good} serves, smoke green")


def _all_pass(session: Session, release: str) -> list[CheckResult] | None:
    results = ask_all(session, session.scope(release))
    return results if Outcome.worst([each.outcome for each in results]) is Outcome.PASS else None


def baseline(session: Session) -> Next:
    """Start the users' traffic and look at the steady state; then take S0."""
    windows = session.windows
    session.probe = Probe.start(
        session.scenario.traffic,
        session.stack.platform.entry_url,
        session.run.id,
        session.timeline.anchor,
        session.run.folder,
        session.run.environment(),
    )
    steady = wait_until(lambda: session.steady(windows.baseline) or None, session.scenario.timeouts.baseline - 1)
    if not steady:
        return Next(
            Phase.VERDICT, False, "the good release was not steady under traffic: nothing can be judged against it"
        )
    ready(session)
    session.bench = replace(session.stack, s0=take_snapshot(session, "S0"))
    return Next(
        Phase.RELEASE_BAD, True, f"steady {session.scenario.traffic.rate:g}/s for {format_duration(windows.baseline)}"
    )


def release_bad(session: Session) -> Next:
    """Deploy the bad release and prove that it harms users: without harm there is nothing to recover from.

    Smoke is asked at once, as a team does after a deploy: proving the fault takes seconds that are not detection.
    """
    bad = session.scenario.bad_release(session.options.path)
    ask_forecast(session)
    failed = run_steps(session, session.scenario.deploy, session.scope(bad))
    if failed:
        session.note(f"deploying {bad} ended with an error: {failed.seen}")
    _ask_smoke(session, bad)
    fired, summary = _proven_harm(session, bad, deployed=failed is None)
    session.timeline.write(FaultJudged(fired=fired, summary=summary))
    if not fired:
        return Next(Phase.VERDICT, False, "the fault did not fire")
    return Next(Phase.DETECT, True, f"fault fires: {summary}")


def _proven_harm(session: Session, bad: str, *, deployed: bool) -> tuple[bool, str]:
    """Whether the bad release fails its users, and what was seen.

    What fails while instances change is the deployment's doing: the proof waits until every instance serves the bad
    release. One that never does is another fault than the scenario means, unless it says so (`fault.serves`); then a
    deployment that has given up is not waited for.
    """
    fault, version = session.scenario.fault, session.release_names(bad)["version"]
    serves = wait_until(lambda: _serving(session, version), fault.within if deployed or fault.serves else 0)
    if not serves and fault.serves:
        found = session.stack.platform.instances()
        seen = ", ".join(f"{each.name}: {each.version or each.detail or 'no answer'}" for each in found)
        return False, f"{bad} never served on every instance ({seen or 'no instance'})"
    since = session.timeline.now()
    rate = wait_until(lambda: _error_rate(session, since), fault.within)
    if rate is None:
        within = format_duration(fault.within)
        return False, f"{bad} did no harm within {within}: fewer than {fault.error_rate:.0%} of requests failed"
    return True, f"{rate:.0%} of requests fail, {'each' if serves else 'not each'} instance serves {bad}"


def _ask_smoke(session: Session, release: str) -> str:
    """Ask smoke once; what it says of the outage, empty where it is green."""
    results = ask_all(session, session.scope(release), smoke_only=True)
    failing = first_failure(results)
    if failing is None or session.detected:
        return session.detected
    record(session, "detect", results)
    session.detected = f"{failing.name}: expected {failing.expected}, saw {failing.seen}"
    session.timeline.write(Detected(by="smoke", summary=session.detected))
    return session.detected


def _error_rate(session: Session, since: float) -> float | None:
    """Share of failed requests of the newest whole window after ``since``, once each second of it is over the limit."""
    fault = session.scenario.fault
    samples = session.samples()
    end = max((each.intended for each in samples), default=0.0)
    if end - fault.window < since:
        return None
    parts = max(1, round(fault.window))
    edges = [end - fault.window * part / parts for part in range(parts + 1)]
    good = [success_ratio(in_window(samples, low, high)) for high, low in pairwise(edges)]
    if any(each is None or 1 - each < fault.error_rate for each in good):
        return None
    return 1 - (success_ratio(in_window(samples, end - fault.window, end)) or 0.0)


def _serving(session: Session, version: str) -> bool | None:
    """True once every instance serves ``version``; None before."""
    found = session.stack.platform.instances()
    return all(each.version == version for each in found) or None if found else None


def detect(session: Session) -> Next:
    """Would anybody notice? The team's smoke first; where it stays green, the probe's error budget."""
    if said := session.detected or _ask_smoke(session, session.scenario.bad_release(session.options.path)):
        return Next(Phase.ATTEMPT, True, f"smoke: {said}")
    by, summary = "error budget of the probe", "the smoke test stayed green while users saw errors"
    session.timeline.write(Detected(by=by, summary=summary))
    return Next(Phase.ATTEMPT, True, f"{by}: {summary}")

"""What a plug-in sees of the engine, and what the engine asks of a plug-in.

A plug-in is a frozen pydantic model (its part of the YAML) with one method that does the work:

    =========  ======================  ==============================================
    group      base class              method
    =========  ======================  ==============================================
    platform   ``PlatformConfig``      ``provision(run, services) -> Platform``
    service    ``ServiceConfig``       ``start(name, run) -> Service``
    step       ``Step``                ``execute(bench, scope) -> StepOutcome``
    check      ``Check``               ``ask(bench, scope) -> CheckResult``
    =========  ======================  ==============================================

A platform reads and waits; paths act. A platform never deploys or rolls back by itself: the team's own commands do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, runtime_checkable

from pydantic import AfterValidator, Field, ValidationInfo

from harness.model import CheckResult, Cost, Effect, Frozen, Phase, ResidueClass
from harness.plugins import choice_error
from harness.template import render
from harness.units import Duration

if TYPE_CHECKING:
    from harness.containers import Containers
    from harness.images import Images
    from harness.ledger import Ledger
    from harness.redact import Redactor
    from harness.tap import Taps
    from harness.timeline import Timeline

Layers = dict[str, dict[str, str]]
"""State by layer and key, all text; what a snapshot is made of."""

KNOWN_SERVICES = "services"
"""Key of the validation context under which the loader gives the names of the scenario's services."""


def _known_service(name: str, info: ValidationInfo) -> str:
    services = (info.context or {}).get(KNOWN_SERVICES)
    if services is not None and name not in services:
        raise choice_error("", f"a service of `stack.services` ({', '.join(services)})", services)
    return name


ServiceName = Annotated[str, AfterValidator(_known_service)]
"""A field that names a service of the scenario; the loader refuses a name that is not there."""


class Need(Frozen):
    """Something that a plug-in needs from the host; preflight asks for all of them before anything starts."""

    kind: str
    """``engine``, ``image`` or ``tool``."""
    name: str
    args: Mapping[str, str] = Field(default_factory=dict)
    hint: str = ""
    """How to get a tool that is missing, where "install NAME" is not enough."""


@dataclass(frozen=True)
class Run:
    """One run, as plug-ins see it."""

    id: str
    folder: Path
    """``reports/<run>``; everything in it is kept."""
    scratch: Path
    """Home and temporary files of started commands; removed at teardown."""
    timeline: Timeline
    ledger: Ledger
    redactor: Redactor
    images: Images
    containers: Containers
    taps: Taps
    services: dict[str, Service] = field(default_factory=dict)
    """Services that run already; one that names another in ``after()`` finds it here when it starts."""
    workdir: Path = Path()
    """Working directory of the team's commands; files that a plug-in's YAML names are relative to it."""

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Environment for a process of this run: nothing of the caller's but PATH and locale."""
        from harness.process import scrubbed_environment

        return scrubbed_environment(self.id, self.scratch, extra or {})


@dataclass(frozen=True)
class Scope:
    """Names that ``{{ }}`` may use at one place of a scenario."""

    values: Mapping[str, Any]

    def render(self, text: str) -> str:
        """Fill ``text``; raises UsageProblem for an undefined name."""
        return render(text, self.values)

    def plus(self, **more: Any) -> Scope:
        """A scope with more names."""
        return Scope({**self.values, **more})


class Observed(Protocol):
    """What services and platforms have in common: the engine looks at them."""

    def environment(self) -> Mapping[str, str]:
        """Variables that the team's commands get, such as ``AWS_ENDPOINT_URL``."""

    def snapshot(self) -> Layers:
        """Present state, layer by layer. The first call is S0; data is compared as far as it was there then."""

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:
        """Class of a difference in a layer of its own; None where it has no opinion (absent is empty text)."""


class Service(Observed, Protocol):
    """A running part of the stack that is not the workload."""

    def names(self) -> Mapping[str, str]:
        """What ``{{ services.<name>.<key> }}`` gives."""


class SqlService(Service, Protocol):
    """A service that answers SQL."""

    def query(self, sql: str) -> list[tuple[object, ...]]:
        """Rows of a read-only query."""


@runtime_checkable
class EffectsSource(Protocol):
    """What a service or platform also is when it keeps records of what left the stack (mail, charges, messages)."""

    def effects(self) -> Sequence[Effect]:
        """Every effect since the stack was started, from records of its own.

        ``Effect.at`` counts from ``run.timeline.anchor``. Raises ConnectionError where the records cannot be read.
        """


@dataclass(frozen=True)
class Instance:
    """One running copy of the workload and the version that it serves (empty when it gives no answer)."""

    name: str
    version: str
    detail: str = ""


class Platform(Observed, Protocol):
    """A provisioned platform: it is looked at, never acted through."""

    @property
    def entry_url(self) -> str:
        """Where users enter."""

    def instances(self) -> Sequence[Instance]:
        """Every running copy of the workload, as it answers now."""

    def logs(self, containing: str) -> Sequence[str]:
        """Log lines of the workload, all instances, that contain ``containing``; oldest first."""


@dataclass(frozen=True)
class Place:
    """Where on the timeline a step stands; what a step has parts for, it writes them with this."""

    step: str
    phase: Phase
    attempt: int | None


@dataclass(frozen=True)
class Bench:
    """The stack under rehearsal, as steps and checks see it."""

    run: Run
    platform: Platform
    services: Mapping[str, Service]
    workdir: Path
    """Working directory of commands: the scenario's ``workdir``."""
    secrets: Mapping[str, str]
    """The scenario's ``secrets:``, which commands get and nobody sees."""
    s0: Layers | None = None
    """The state before the bad release; None until it is taken."""
    broken: Mapping[str, str] = field(default_factory=dict)
    """Variables that a sabotage gives commands instead of the stack's."""
    entry: str = ""
    """What a sabotage gives commands as ``{{ stack.url }}``; empty: where users enter."""
    place: Place | None = None
    """The step that runs; None outside of the runner."""

    def environment(self) -> dict[str, str]:
        """Scrubbed environment plus what platform and services give."""
        merged: dict[str, str] = {}
        for source in (*self.services.values(), self.platform):
            merged.update(source.environment())
        return self.run.environment({**merged, **self.secrets, **self.broken})

    def snapshot(self) -> Layers:
        """Layers of the platform and of every service together."""
        layers: Layers = {}
        for source in self.observed():
            for layer, rows in source.snapshot().items():
                layers.setdefault(layer, {}).update(rows)
        return layers

    def observed(self) -> Sequence[Observed]:
        """Everything that can be looked at."""
        return (self.platform, *self.services.values())


class Plugin(Frozen):
    """Base of every plug-in's configuration."""

    uses: str

    def needs(self) -> Sequence[Need]:
        """What preflight has to find or make before this can work."""
        return ()


class ServiceConfig(Plugin, ABC):
    """A stack service in YAML."""

    def endpoints(self) -> Sequence[str]:
        """URLs outside the run's own network that this service would talk to; the guard judges them."""
        return ()

    def provides(self) -> Sequence[str]:
        """Programs that the team's commands get from this service, by its ``PATH`` in ``environment()``."""
        return ()

    def after(self) -> Sequence[str]:
        """Names of services that have to run before this one."""
        return ()

    @abstractmethod
    def start(self, name: str, run: Run) -> Service:
        """Start it; every resource is planned in ``run.ledger`` first."""


class PlatformConfig(Plugin, ABC):
    """A platform in YAML."""

    @abstractmethod
    def provision(self, run: Run, services: Mapping[str, Service]) -> Platform:
        """Make what releases are put on (a cluster, a load balancer), without any release."""


class StepOutcome(Frozen):
    """How a step ended. ``exit_code`` is None for a step that is no process, or that hit its timeout."""

    ok: bool
    exit_code: int | None = None
    took: float
    output: str = ""
    command: str = ""
    log: str = ""
    costs: tuple[Cost, ...] = ()


class Step(Plugin, ABC):
    """One step of a path: something the team really does."""

    name: str = Field(default="", description="what the report calls this step")
    timeout: Duration = Field(default=120.0, description="the step is ended after this long, its processes too")

    @abstractmethod
    def describe(self, scope: Scope) -> str:
        """One line for ``drill plan`` and the report."""

    @abstractmethod
    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Do it. Its failure is an answer, not an exception."""


class Check(Plugin, ABC):
    """One question about the stack."""

    name: str = Field(default="", description="what the report calls this check")

    @abstractmethod
    def describe(self, scope: Scope) -> str:
        """One line: what is asked and what is expected."""

    @abstractmethod
    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """Ask once. ``unknown`` where the question cannot be answered; never raises for a broken stack."""

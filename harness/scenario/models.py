"""What a scenario file may say. Data only; every description lands in the JSON Schema that editors complete from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from harness.model import Frozen
from harness.plugins import CHECKS, PLATFORMS, SABOTAGES, SERVICES, STEPS, OneOf, choice_error, registered
from harness.probe.config import Traffic
from harness.spi import Check, PlatformConfig, ServiceConfig, ServiceName, Step
from harness.units import Duration

LANGUAGE = 1
"""Version of the scenario language (``drill: 1``)."""


def _registered(name: str) -> str:
    if name not in (known := registered(SABOTAGES)):
        raise choice_error("", f"a registered sabotage ({', '.join(known)})", known)
    return name


Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
SabotageName = Annotated[str, AfterValidator(_registered)]
StepField = Annotated[Step, OneOf(STEPS, default="command")]
CheckField = Annotated[Check, OneOf(CHECKS)]


class Image(Frozen):
    """An image of a release: a recipe or a folder with a Dockerfile, with build arguments, or a reference as it is."""

    recipe: str = Field(default="", description="name of an image recipe (see `drill doctor`)")
    build: str = Field(
        default="",
        description="a folder with a Dockerfile, relative to `workdir`; it may have a recipe.yaml with a `base`",
    )
    args: dict[str, str] = Field(default_factory=dict, description="build arguments of the recipe or the Dockerfile")
    ref: str = Field(default="", description="an image reference to use as it is, such as registry/app@sha256:…")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if sum(map(bool, (self.recipe, self.build, self.ref))) != 1:
            raise ValueError("exactly one of `recipe`, `build` and `ref`")
        if "/" in self.recipe:
            raise ValueError("`build` for a folder; `recipe` is a name")
        return self

    @property
    def source(self) -> str:
        """What `harness.images` makes it from: the name of a recipe, or a folder (with a slash). Empty for a `ref`."""
        return self.recipe or (f"./{self.build}" if self.build else "")


class Release(Frozen):
    """One deployable version of the workload."""

    version: str = Field(default="", description="what the release answers as its version; its key when left out")
    image: Image | None = Field(default=None, description="the artefact")
    values: dict[str, str] = Field(
        default_factory=dict,
        description="names of your own, used as `{{ release.values.NAME }}`, such as a schema revision",
    )


class Fault(Frozen):
    """Proof that the bad release does harm, as users see it. Without it the run is inconclusive."""

    serves: bool = Field(
        default=True,
        description="the bad release has to serve on every instance, and to fail there; "
        "`false` for one that crashes on start or that is not rolled out to the end",
    )
    error_rate: float = Field(
        default=0.05, gt=0, le=1, description="share of failed requests from which the fault has fired"
    )
    within: Duration = Field(default=20.0, description="how long after the bad release to wait for it")
    window: Duration = Field(
        default=2.0,
        description="it has to last this long, each second of it: what a rolling update drops is no fault",
    )


class Attempt(Frozen):
    """One try to recover: the rollback path itself, or a remedy."""

    name: str = Field(description="what the report calls it")
    rung: Literal["rollback", "forward-fix", "point-in-time recovery", "accept the loss", "other"] = Field(
        default="rollback", description="rung of the ladder of remedies"
    )
    target: Literal["good", "bad", "next"] = Field(
        default="good", description="which release has to serve on every instance when it is over"
    )
    steps: Annotated[list[StepField], Field(min_length=1, description="what the team does, in order")]


class NextDeploy(Frozen):
    """The deploy after the recovery, which a rollback may hide or be undone by."""

    release: Identifier = Field(description="what is deployed next")
    serves: Identifier | None = Field(
        default=None, description="which release has to serve afterwards; the one that was deployed when left out"
    )
    steps: list[StepField] = Field(default_factory=list, description="how; as `deploy` when left out")


class RecoveryPath(Frozen):
    """A rollback path, what it declares about its first attempt, and the remedies behind it."""

    summary: str = Field(default="", description="one line for `drill list`")
    first_attempt: Literal["clean", "broken"] = Field(
        default="clean", description="a teaching path declares `broken` and the findings that it meets"
    )
    findings: list[str] = Field(
        default_factory=list, description="ids of the findings that a broken first attempt must have"
    )
    bad: Identifier | None = Field(default=None, description="another bad release than the scenario's")
    rollback: Attempt = Field(description="attempt 1, exactly as the team documents it")
    remedies: list[Attempt] = Field(
        default_factory=list, description="attempts 2 … n, tried in order until one recovers"
    )

    @model_validator(mode="after")
    def _declared(self) -> Self:
        if (self.first_attempt == "broken") != bool(self.findings):
            raise ValueError("`findings` exactly where `first_attempt` is `broken`")
        return self


class BudgetsConfig(Frozen):
    """Limits; over budget is failed."""

    rto: Duration = Field(default=300.0, description="longest recovery time: first bad response to sustained good")
    rpo: int = Field(default=0, ge=0, description="acknowledged writes that may be lost")
    detect: Duration | None = Field(
        default=60.0, description="longest time from the first bad response to its detection"
    )
    failed_requests: float | None = Field(
        default=None, gt=0, le=1, description="share of requests that may fail, outage to end"
    )


class Windows(Frozen):
    """How long the drill looks before it believes."""

    baseline: Duration = Field(default=5.0, description="steady state before the bad release")
    settle: Duration = Field(
        default=3.0, description="smoke must fail for this long before an attempt counts as broken"
    )
    sustained: Duration = Field(default=3.0, description="length of the good window that ends the outage")
    soak: Duration = Field(default=8.0, description="watch after the recovery; a relapse is a failure")
    min_success: float = Field(default=0.995, gt=0, le=1, description="share of good responses of a good window")


class Timeouts(Frozen):
    """Longest duration of each phase."""

    preflight: Duration = 1800.0
    provision: Duration = 120.0
    release: Duration = 120.0
    baseline: Duration = 60.0
    detect: Duration = 60.0
    attempt: Duration = 300.0
    verify: Duration = 120.0
    teardown: Duration = 60.0


class CommittedWrites(Frozen):
    """Where to count acknowledged writes at the end: the first column has the idempotency keys that are there."""

    service: ServiceName
    sql: str


class Stack(Frozen):
    """The ephemeral environment of one run."""

    platform: Annotated[PlatformConfig, OneOf(PLATFORMS)]
    services: dict[Identifier, Annotated[ServiceConfig, OneOf(SERVICES)]] = Field(default_factory=dict)


class Releases(Frozen):
    """The releases by id, and which of them are the good and the bad one."""

    good: Identifier
    bad: Identifier
    catalogue: Annotated[dict[Identifier, Release], Field(min_length=1)]


class Scenario(Frozen):
    """One drill: what is rehearsed."""

    drill: Literal[1] = Field(description="version of the scenario language")
    name: Identifier = Field(description="equals the file name without .yaml")
    title: str = Field(min_length=1, max_length=120)
    description: str = Field(default="", description="what a reader learns from it")
    teaches: list[str] = Field(
        default_factory=list,
        description="ids of the failure-mode catalogue; none where every path is expected to be clean",
    )
    sources: list[str] = Field(default_factory=list, description="where the failure was reported")
    labels: list[Identifier] = Field(default_factory=list)
    workdir: str = Field(default=".", description="working directory of commands, relative to this file")
    allow: list[str] = Field(
        default_factory=list, description="endpoints that are not local and that --allow-remote may name"
    )
    secrets: list[str] = Field(
        default_factory=list, description="environment variables handed to commands and masked everywhere"
    )
    stack: Stack
    releases: Releases
    forecast: StepField | None = Field(
        default=None,
        description="a static look at the bad release before it goes out; it writes its answer to $DRILL_FORECAST",
    )
    deploy: Annotated[list[StepField], Field(min_length=1, description="how any release gets out, good and bad alike")]
    traffic: Traffic
    committed_writes: CommittedWrites | None = None
    smoke: Annotated[
        list[CheckField], Field(min_length=1, description="asked after every release and attempt; detects the outage")
    ]
    verify: list[CheckField] = Field(default_factory=list, description="asked after an attempt besides smoke")
    fault: Fault = Fault()
    budgets: BudgetsConfig = BudgetsConfig()
    windows: Windows = Windows()
    timeouts: Timeouts = Timeouts()
    next: NextDeploy | None = Field(
        default=None, description="deployed once an attempt has recovered; the attempt has to survive it"
    )
    sabotage: list[SabotageName] = Field(
        default_factory=list,
        description="what of the machinery is broken from the first attempt to the end (`drill sabotage --list`)",
    )
    paths: Annotated[Mapping[Identifier, RecoveryPath], Field(min_length=1)]

    @model_validator(mode="after")
    def _references(self) -> Self:
        known = self.releases.catalogue
        used = {"releases.good": self.releases.good, "releases.bad": self.releases.bad}
        used |= {f"paths.{name}.bad": path.bad for name, path in self.paths.items() if path.bad}
        if self.next:
            used |= {"next.release": self.next.release, "next.serves": self.next.serves or self.next.release}
        for key, release in used.items():
            if release not in known:
                raise ValueError(
                    f"`{key}` names a release of `releases.catalogue` ({', '.join(known)}), got {release!r}"
                )
        if self.committed_writes and self.committed_writes.service not in self.stack.services:
            raise ValueError(
                f"`committed_writes.service` names a service of `stack.services`, got {self.committed_writes.service!r}"
            )
        return self

    @model_validator(mode="after")
    def _next_is_there(self) -> Self:
        for name, path in self.paths.items():
            if self.next is None and any(each.target == "next" for each in (path.rollback, *path.remedies)):
                raise ValueError(f"`next` with a release, which an attempt of path {name!r} has as its target")
        return self

    @model_validator(mode="after")
    def _something_to_teach(self) -> Self:
        broken = [name for name, path in self.paths.items() if path.first_attempt == "broken"]
        if broken and not self.teaches:
            raise ValueError(f"`teaches` with the failure modes of path {broken[0]!r}, whose first attempt is broken")
        return self

    @model_validator(mode="after")
    def _distinct_checks(self) -> Self:
        """One name, one answer: findings and records tell checks apart by their names."""
        names = [check.name for check in (*self.smoke, *self.verify) if check.name]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"`smoke` and `verify` with a different `name` for every check, got {twice[0]!r} twice")
        return self

    @model_validator(mode="after")
    def _dense_traffic(self) -> Self:
        if self.traffic.rate * self.windows.sustained < 1:
            raise ValueError("`windows.sustained` long enough for at least one request at `traffic.rate`")
        return self

    def bad_release(self, path: str) -> str:
        """Id of the bad release of ``path``."""
        return self.paths[path].bad or self.releases.bad

    def target_release(self, path: str, attempt: Attempt) -> str:
        """Id of the release that has to serve when ``attempt`` of ``path`` is over."""
        after = self.next.release if self.next else self.releases.good
        return {"good": self.releases.good, "bad": self.bad_release(path), "next": after}[attempt.target]

    def used_releases(self, path: str) -> dict[Literal["good", "bad", "next"], str]:
        """Ids of the releases that ``path`` deploys, by what they are to it."""
        used: dict[Literal["good", "bad", "next"], str] = {"good": self.releases.good, "bad": self.bad_release(path)}
        return {**used, "next": self.next.release} if self.next else used

    def default_path(self) -> str:
        """The first path of the file: the one that a drill runs when none is named."""
        return next(iter(self.paths))

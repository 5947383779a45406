"""Stack service ``registry``: a real image registry of the run's own, with tags that move and manifests that go.

Engines take plain HTTP from 127.0.0.1 only, and the run's network publishes nothing on the host: commands and the
engine reach the registry through a listener on 127.0.0.1. So the engine has to be on this host.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from docker import DockerClient
from docker.errors import APIError, ImageNotFound
from pydantic import Field

from harness.containers import RunningContainer, engine_client
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.tap import Answer, Operation, Request, Rule, Tap, Upstream
from harness.units import Duration

PORT = 5000
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""What Docker pushes; a registry gives the digest of another form otherwise (distribution specification)."""
_LAYER = "registry"
_PAUSE = 1.0
"""Seconds between a task that cannot pull its image and the next; ECS starts with more."""


class Registry(ServiceConfig):
    """A container registry from the image recipe ``registry``; empty when the run starts."""

    uses: Literal["registry"] = "registry"
    recipe: str = Field(default="registry", description="image recipe")
    timeout: Duration = Field(default=30.0, description="until it answers")

    def needs(self) -> Sequence[Need]:
        """An engine and the image."""
        return (Need(kind="engine", name="container engine"), Need(kind="image", name=self.recipe))

    def start(self, name: str, run: Run) -> RunningRegistry:
        """Start it, wait until it answers, listen for it on 127.0.0.1."""
        container = run.containers.start(name, run.images.resolve(self.recipe).tag)
        upstream = f"http://{container.address}:{PORT}"
        cache = FreshHosts()
        tap = run.taps.open(upstream, RegistryApi((cache, SlowRetries())), users=True)
        host = urlsplit(tap.url).netloc
        run.ledger.plan(Undo(kind="docker.repository", what=f"images of {host}", params={"host": host}))
        running = RunningRegistry(container, host, tap)
        if wait_until(lambda: running.tags() is not None, self.timeout) is None:
            raise ProvisionProblem(
                f"the registry {container.name} did not answer within {self.timeout:g} s",
                next_step=f"its last words:\n{container.tail()}",
            )
        run.timeline.write(StackFact(name="image registry", value=f"{self.recipe} at {host}"))
        fact = f"hosts keep no image whose manifest is gone, as {cache.source}"
        run.timeline.write(StackFact(name="image cache", value=fact, simulated=True))
        return running


@dataclass(frozen=True)
class RunningRegistry:
    """A running registry."""

    container: RunningContainer
    host: str
    """Address and port under which commands and the engine know it."""
    tap: Tap

    def follow(self, upstream: str = "") -> None:
        """Ask ``upstream``; the address that the container has now where none is given, for a start may change it."""
        self.tap.upstream = upstream or f"http://{self.container.address}:{PORT}"

    def environment(self) -> Mapping[str, str]:
        """``REGISTRY``: what stands before an image's name."""
        return {"REGISTRY": self.host}

    def names(self) -> Mapping[str, str]:
        """``host``."""
        return {"host": self.host}

    def tags(self) -> dict[str, str] | None:
        """Digest by ``repository:tag``; None while it does not answer."""
        try:
            with requests.Session() as session:
                session.trust_env = False
                return dict(_tags(session, f"http://{self.container.address}:{PORT}/v2"))
        except (requests.RequestException, ValueError):
            return None

    def snapshot(self) -> Layers:
        """What each tag names."""
        return {_LAYER: self.tags() or {}}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A tag more is harmless; one that is gone or names something else is not what the old release was made of."""
        if layer != _LAYER:
            return None
        return ResidueClass.BREAKS_OLD_RELEASE if before else ResidueClass.HARMLESS


def _tags(session: requests.Session, api: str) -> Iterator[tuple[str, str]]:
    for repository in session.get(f"{api}/_catalog", timeout=3).json()["repositories"]:
        listed = session.get(f"{api}/{repository}/tags/list", timeout=3)
        for tag in (listed.json().get("tags") or ()) if listed.ok else ():
            asked = session.head(f"{api}/{repository}/manifests/{tag}", headers={"Accept": MANIFEST}, timeout=3)
            if asked.ok:
                yield f"{repository}:{tag}", asked.headers["Docker-Content-Digest"]


@dataclass(frozen=True)
class RegistryApi:
    """The dialect of the distribution API; see ``harness.tap.Dialect``."""

    rules: tuple[Rule, ...]

    def operation(self, request: Request) -> Operation:
        """Method and path."""
        return Operation("registry", request.method, urlsplit(request.path).path)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """A plain error."""
        return Answer(status, {"Content-Type": "text/plain"}, f"{code}: {message}".encode())

    def error(self, answer: Answer) -> str:
        """What it said."""
        return answer.body.decode("utf-8", "replace")


@dataclass(frozen=True)
class FreshHosts:
    """A Fargate task starts on a host that has no image: what the registry deleted cannot be started from a cache."""

    name: str = "fargate-no-image-cache"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-pull-behavior.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:
        """Lets the engine forget what the registry has deleted."""
        digest = operation.resource.rpartition("/manifests/")[2]
        if operation.action != "DELETE" or not digest.startswith("sha256:"):
            return None
        answer = await upstream(request)
        if answer.status < 300:
            await asyncio.to_thread(lambda: forget(engine_client(), request.headers["host"], digest))
        return answer


@dataclass(frozen=True)
class SlowRetries:
    """ECS waits longer and longer between tasks that do not start; without a pause they would keep this host busy."""

    name: str = "ecs-service-throttle"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:
        """Takes its time to say that there is no such manifest, or nobody to ask."""
        if operation.action not in ("GET", "HEAD"):
            return None
        try:
            answer = await upstream(request)
        except OSError:
            await asyncio.sleep(_PAUSE)
            raise
        if answer.status == HTTPStatus.NOT_FOUND and "/manifests/" in operation.resource:
            await asyncio.sleep(_PAUSE)
        return answer


def forget(client: DockerClient, host: str, digest: str = "") -> None:
    """Remove every name under ``host`` of the engine's images, or of the one whose manifest has ``digest``."""
    for image in client.images.list():
        names = [name for name in _names(image) if name.startswith(f"{host}/")]
        if any(name.endswith(digest) for name in names):
            for name in names:
                with contextlib.suppress(ImageNotFound):
                    client.images.remove(name, force=True)


def _names(image: Any) -> list[str]:
    return [*(image.attrs.get("RepoTags") or ()), *(image.attrs.get("RepoDigests") or ())]


def remove_repository(params: Mapping[str, str]) -> None:
    """Undoer ``docker.repository``: remove the names that images got under the registry ``host`` of a run."""
    try:
        forget(engine_client(), params["host"])
    except APIError as problem:
        raise OSError(f"images of {params['host']}: {problem.explanation}") from problem

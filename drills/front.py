"""Stack service ``front``: a real caching reverse proxy (nginx) between visitors and the host of a site.

It stands where a CDN stands. The run's network is internal, so the proxy reaches the host of the site through a
listener on that network's gateway address, which is this host.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from docker.errors import APIError, NotFound
from pydantic import Field

from drills.container_logs import telling
from drills.static.platform import MARKER, Serving
from harness.containers import RunningContainer
from harness.errors import ProvisionProblem, UsageProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig, ServiceName
from harness.tap import Answer, Operation, Request, Rule
from harness.units import Duration, format_duration

PORT = 8080
_DESK = 8081
"""Where objects are listed and purged."""
_LAYER = "cache"


class Front(ServiceConfig):
    """nginx with a proxy cache, in front of another service; ``Cache-Control`` of the site decides what is kept."""

    uses: Literal["front"] = "front"
    upstream: ServiceName = Field(description="the service that serves the site")
    recipe: str = Field(default="front", description="image recipe")
    cache_missing: Duration = Field(
        default=0.0, description="how long a 404 or 301 is kept, where the site does not say how long"
    )
    cache_found: Duration = Field(
        default=0.0, description="how long a 200 is kept, where the site does not say; CloudFront: 24h"
    )
    marker: str = Field(default=MARKER, description="regular expression whose first group is the version in a body")
    timeout: Duration = Field(default=30.0, description="until it answers")

    def needs(self) -> Sequence[Need]:
        """An engine and the image."""
        return (Need(kind="engine", name="container engine"), Need(kind="image", name=self.recipe))

    def after(self) -> Sequence[str]:
        """What it stands in front of."""
        return (self.upstream,)

    def start(self, name: str, run: Run) -> RunningFront:
        """Listen for it on the gateway, start it, wait until it answers and reaches the listener."""
        upstream = run.services[self.upstream]
        if not isinstance(upstream, Serving):
            raise UsageProblem(
                f"the service {self.upstream!r} serves no site that a cache could stand in front of",
                next_step="`upstream` names a static host, such as `vercel` or `netlify`",
            )
        way = run.taps.open(upstream.url, Site(), users=True, host=run.containers.gateway)
        environment = {
            "UPSTREAM": way.url,
            "KEEP_MISSING": str(math.ceil(self.cache_missing)),
            "KEEP_FOUND": str(math.ceil(self.cache_found)),
            "VERSION_MARKER": self.marker,
        }
        container = run.containers.start(name, run.images.resolve(self.recipe).tag, env=environment)
        running = RunningFront(container, container.address)
        if wait_until(running.ready, self.timeout) is None:
            raise ProvisionProblem(
                f"the cache {container.name} did not answer within {self.timeout:g} s: {running.silence()}",
                next_step=f"a firewall of this host may keep containers from {way.url}; "
                f"the cache's last words:\n{container.tail()}",
            )
        kept = f", missing pages for {format_duration(self.cache_missing)}" if self.cache_missing else ""
        value = f"nginx proxy cache before {self.upstream}: one place, purged at once{kept}"
        run.timeline.write(StackFact(name="CDN", value=value, simulated=True))
        return running


@dataclass(frozen=True)
class RunningFront:
    """A running cache."""

    container: RunningContainer
    address: str

    @property
    def url(self) -> str:
        """Where visitors enter."""
        return f"http://{self.address}:{PORT}"

    @property
    def desk(self) -> str:
        """Where objects are purged."""
        return f"http://{self.address}:{_DESK}"

    def environment(self) -> Mapping[str, str]:
        """``FRONT_URL`` for visitors; ``FRONT_PURGE_URL``, to which a script sends ``PURGE /path``, ``PURGE /*``."""
        return {"FRONT_URL": self.url, "FRONT_PURGE_URL": self.desk}

    def names(self) -> Mapping[str, str]:
        """``url``, ``purge_url``."""
        return {"url": self.url, "purge_url": self.desk}

    def ready(self) -> bool | None:
        """True once nginx listens and the site's host can be reached."""
        return True if self.silence() == "" else None

    def silence(self) -> str:
        """Who does not answer; empty where everybody does."""
        try:
            return ", ".join(self._ask("/health")["silent"])
        except ConnectionError as problem:
            return str(problem)

    def logs(self, containing: str) -> Sequence[str]:
        """Requests that came by, with what the cache did."""
        try:
            return telling(self.container.tail(2000).splitlines(), containing)
        except (APIError, NotFound):
            return []

    def snapshot(self) -> Layers:
        """Status and version of each object that may still be given out.

        Its age is not among that: no two looks would be equal. ``GET /objects`` of the purge address tells it.
        """
        try:
            objects = self._ask("/objects")
        except ConnectionError:
            return {_LAYER: {}}
        return {
            _LAYER: {
                each["path"]: f"{each['status']} {each['version']}".strip() for each in objects if each["left"] > 0
            }
        }

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """One object more is harmless, one less is fetched again; one that is another, or a stored error, is stale."""
        if layer != _LAYER:
            return None
        fine = not after or (not before and after.startswith(str(HTTPStatus.OK.value)))
        return ResidueClass.HARMLESS if fine else ResidueClass.BREAKS_OLD_RELEASE

    def _ask(self, path: str) -> Any:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(self.desk + path, timeout=5).json()
        except (requests.RequestException, ValueError) as problem:
            raise ConnectionError(f"{self.container.name} does not answer: {type(problem).__name__}") from problem


@dataclass(frozen=True)
class Site:
    """The dialect of a site: plain HTTP; see ``harness.tap.Dialect``."""

    rules: tuple[Rule, ...] = ()

    def operation(self, request: Request) -> Operation:
        """Method and path."""
        return Operation("site", request.method, urlsplit(request.path).path)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """A plain error, which no cache keeps."""
        headers = {"Content-Type": "text/plain", "Cache-Control": "no-store"}
        return Answer(status, headers, f"{code}: {message}".encode())

    def error(self, answer: Answer) -> str:
        """Its status line is all."""
        return str(answer.status)

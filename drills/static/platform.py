"""Platform ``static``: a site that a host serves. Its version is what stands in the bytes that visitors get.

It is never what a client's exit code or the host's API says: a marker in the page and in the script that the page
names, both fetched as a visitor would, through the cache in front where there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast, runtime_checkable
from urllib.parse import urljoin

import requests
from pydantic import Field

from harness.events import StackFact
from harness.model import ResidueClass
from harness.spi import Instance, Layers, PlatformConfig, Run, Service, ServiceName

MARKER = r"""version["'=: ]+(v[\w.-]+)"""
"""The version in a page or a script, as the first group; what every site that is drilled has to bring."""
_SCRIPT = re.compile(r"""<script[^>]+src=["']([^"']+)["']""")
_LONGEST = 8.0
"""Seconds for one file."""


@runtime_checkable
class Serving(Protocol):
    """A service that visitors can be sent to."""

    @property
    def url(self) -> str:
        """Where visitors enter."""

    def logs(self, containing: str) -> Sequence[str]:
        """Requests that it served."""


class Static(PlatformConfig):
    """A static site on a host, perhaps behind a cache."""

    uses: Literal["static"] = "static"
    host: ServiceName = Field(description="the service that serves the site, or the cache in front of it")
    page: str = Field(default="/", description="the page whose version counts")
    marker: str = Field(
        default=MARKER, description="regular expression whose first group is the version, in page and script"
    )

    def provision(self, run: Run, services: Mapping[str, Service]) -> StaticSite:
        """Nothing to make: the host is there."""
        run.timeline.write(StackFact(name="platform", value=f"static site on {self.host}"))
        return StaticSite(self, cast(Serving, services[self.host]))


@dataclass(frozen=True)
class StaticSite:
    """The site."""

    config: Static
    host: Serving

    @property
    def entry_url(self) -> str:
        """Where visitors enter."""
        return self.host.url

    def environment(self) -> Mapping[str, str]:
        """Nothing: the host gives what its client needs."""
        return {}

    def instances(self) -> Sequence[Instance]:
        """The page and the scripts that it names, each with the version in its bytes."""
        page = urljoin(self.entry_url, self.config.page)
        with requests.Session() as session:
            session.trust_env = False
            body, problem = _get(session, page)
            found = [self._instance("page", body, problem)]
            for source in _SCRIPT.findall(body):
                script, problem = _get(session, urljoin(page, source))
                found.append(self._instance(f"script {source}", script, problem))
        return found

    def _instance(self, name: str, body: str, problem: str) -> Instance:
        version = re.search(self.config.marker, body)
        return Instance(name, version[1] if version else "", problem or ("" if version else "no version in it"))

    def logs(self, containing: str) -> Sequence[str]:
        """Requests that the host served."""
        return self.host.logs(containing)

    def snapshot(self) -> Layers:
        """Nothing of its own: deployments and settings are the host's."""
        return {}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """No layer is its own."""
        return None


def _get(session: requests.Session, url: str) -> tuple[str, str]:
    """Text of a file and what is wrong with the answer. A page in place of a script is none (S2)."""
    try:
        answer = session.get(url, timeout=_LONGEST)
    except requests.RequestException as problem:
        return "", type(problem).__name__
    kind = answer.headers.get("Content-Type", "")
    if not answer.ok:
        return "", f"status {answer.status_code}"
    if url.partition("?")[0].endswith(".js") and "javascript" not in kind:
        return "", f"{kind or 'no content type'} in place of a script"
    return answer.text, ""

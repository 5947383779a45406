"""What breaks in an image registry: the whole of it, or the one image that the rollback needs."""

from __future__ import annotations

from dataclasses import dataclass

import requests

from drills.registry import MANIFEST, Registry, RunningRegistry, forget
from harness.containers import engine_client
from harness.errors import EnvironmentProblem
from harness.limits import wait_until
from harness.sabotages import Armed, Ended, NothingToBreak, Saboteur, Site
from harness.scenario.models import Scenario

_NOBODY = "http://127.0.0.1:1"
"""An address that refuses at once; at that of a dead container every caller would wait until it gives up."""
_START = 30.0
"""Seconds until a registry that was started again has to answer."""


class RegistrySaboteur(Saboteur):
    """Breaks something of the service `registry`."""

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """The stack has to have one."""
        found = any(isinstance(each, Registry) for each in scenario.stack.services.values())
        return None if found else "no image registry in this stack: instances start from images of this host"


class RegistryDown(RegistrySaboteur):
    """The registry is killed, and no host has the images that it keeps."""

    name = "registry-down"
    breaks = "the image registry does not answer"
    passes = True

    def arm(self, site: Site) -> Armed:
        """Kill it; who asks for it gets 502, as from the load balancer before it."""
        registry = _registry(site)
        # What runs stays; what would be started has to be pulled, as on a host that never had it.
        forget(engine_client(), registry.host)
        registry.container.handle.kill()
        registry.follow(_NOBODY)
        if registry.tags() is not None:
            raise EnvironmentProblem(f"the registry {registry.container.name} answers after it was killed")

        def undo() -> Ended:
            registry.container.handle.start()
            registry.follow()
            if wait_until(lambda: registry.tags() is not None or None, _START) is None:
                raise EnvironmentProblem(f"the registry {registry.container.name} does not come back")
            return Ended()

        return Armed(f"the registry {registry.host} is down", undo)


class ImageGone(RegistrySaboteur):
    """A clean-up has deleted what the registry held before the bad release."""

    name = "image-gone"
    breaks = "the good release's image is gone from the registry"

    def arm(self, site: Site) -> Armed:
        """Delete the manifests of S0 as a life-cycle rule does; layers stay until the next garbage collection."""
        registry = _registry(site)
        now = registry.tags() or {}
        found = [
            _Manifest(registry.host, name.rpartition(":")[0], digest, name if now.get(name) == digest else "")
            for name, digest in ((site.bench.s0 or {}).get("registry") or {}).items()
        ]
        texts = {each: text for each in dict.fromkeys(found) if (text := each.delete())}
        if not texts:
            raise NothingToBreak(f"the registry {registry.host} has no image of {site.good} any more")

        def undo() -> Ended:
            for manifest, text in texts.items():
                manifest.put(text)
            return Ended()

        return Armed(f"deleted from {registry.host}: {', '.join(each.digest for each in texts)}", undo)


@dataclass(frozen=True)
class _Manifest:
    """A manifest by its digest, and the tag that named it when it was deleted."""

    host: str
    repository: str
    digest: str
    tag: str

    def delete(self) -> bytes:
        """Delete it; what it said, empty where there is none."""
        with _session() as session:
            got = session.get(self._url(self.digest), headers={"Accept": MANIFEST}, timeout=10)
            if not got.ok:
                return b""
            session.delete(self._url(self.digest), timeout=10).raise_for_status()
            return bytes(got.content)

    def put(self, text: bytes) -> None:
        """Make it what it was, under its tag where it had one."""
        reference = self.tag.rpartition(":")[2] or self.digest
        with _session() as session:
            put = session.put(self._url(reference), data=text, headers={"Content-Type": MANIFEST}, timeout=10)
            put.raise_for_status()

    def _url(self, reference: str) -> str:
        # By the listener of the commands: the rules of the stack learn of it as of any other clean-up.
        return f"http://{self.host}/v2/{self.repository}/manifests/{reference}"


def _session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    return session


def _registry(site: Site) -> RunningRegistry:
    return next(each for each in site.bench.services.values() if isinstance(each, RunningRegistry))

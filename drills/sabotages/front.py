"""What breaks between the rollback's own smoke and the service: a cache that answers for a release that is gone."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace

import requests

from drills.front import Site as Plain
from harness.checks.http import HttpCheck
from harness.errors import EnvironmentProblem
from harness.sabotages import Armed, Ended, NothingToBreak, Saboteur, Site
from harness.scenario.models import Scenario
from harness.tap import Answer, Operation, Request, Tap, Upstream

_ENTRY = "stack.url"
"""The name by which a path's commands know where users enter."""
_PATIENCE = 5.0


class SmokeCached(Saboteur):
    """A cache stands where the rollback's own smoke asks, and keeps what it kept of the good release.

    It is filled with the GETs of the scenario's smoke while the good release serves. What the harness asks, and users,
    go past it.
    """

    name = "smoke-cached"
    breaks = "the rollback's own smoke gets answers that a cache has kept of the good release"
    simulated = True

    def __init__(self) -> None:
        self._cache = _Cache()
        self._tap: Tap | None = None

    def applies(self, scenario: Scenario, path: str) -> str | None:
        """A command of the rollback has to be told where users enter, and smoke has to read something."""
        if not any(_ENTRY in step.model_dump_json() for step in scenario.paths[path].rollback.steps):
            return f"no step of this rollback is given {{{{ {_ENTRY} }}}}"
        return None if _reads(scenario) else "no smoke check of this scenario is a GET"

    def ready(self, site: Site) -> None:
        """Fill the cache through its own door."""
        self._tap = site.bench.run.taps.open(site.bench.platform.entry_url, Plain((self._cache,)), users=True)
        scope = site.scope(site.scenario.releases.good)
        for check in _reads(site.scenario):
            with contextlib.suppress(requests.RequestException):  # what gives no answer is not kept
                _get(self._tap.url + scope.render(check.get))

    def arm(self, site: Site) -> Armed:
        """Let it answer from what it has, and ask it for one page to prove that it does."""
        kept = next(iter(self._cache.kept), None)
        if self._tap is None or kept is None:
            raise NothingToBreak("no GET of smoke was answered 200 while the good release served")
        self._cache.filled = True
        _get(self._tap.url + kept)
        if not self._cache.hits:
            raise EnvironmentProblem(f"the cache does not answer for {kept}")
        self._cache.asked = self._cache.hits = 0
        what = f"a cache before {site.bench.platform.entry_url} answers for {', '.join(self._cache.kept)}"
        return Armed(what, self._end, entry=self._tap.url)

    def _end(self) -> Ended:
        self._cache.filled, self._cache.kept = False, {}
        said = f"it answered {self._cache.hits} of the {self._cache.asked} requests of the rollback"
        return Ended(said, met=self._cache.asked > 0)


@dataclass
class _Cache:
    """A rule of the tap: keeps answers for ever, by path and query, whatever the client says of freshness.

    Caches have the URI as their key (RFC 9111, 2) and may ignore what a request says (RFC 9111, 5.2.1).
    """

    name: str = "an answer kept of the good release"
    source: str = "RFC 9111, 4"
    kept: dict[str, Answer] = field(default_factory=dict)
    filled: bool = False
    since: float = field(default_factory=time.monotonic)
    asked: int = 0
    hits: int = 0

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:  # noqa: ARG002
        """Keep a 200 while it fills; afterwards give it out again, with its age in seconds."""
        if not self.filled:
            answer = await upstream(request)
            if answer.status == requests.codes.ok:
                self.kept[request.path] = answer
            return answer
        self.asked += 1
        kept = self.kept.get(request.path) if request.method == "GET" else None
        if kept is None:
            return None
        self.hits += 1
        return replace(kept, headers={**kept.headers, "Age": str(round(time.monotonic() - self.since))})


def _reads(scenario: Scenario) -> list[HttpCheck]:
    return [each for each in scenario.smoke if isinstance(each, HttpCheck) and each.get]


def _get(url: str) -> None:
    with requests.Session() as session:
        session.trust_env = False
        # As it is: whoever gets it later may not know how to unpack it.
        session.get(url, headers={"Accept-Encoding": "identity"}, timeout=_PATIENCE, allow_redirects=False)

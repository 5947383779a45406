"""How execution environments of a Lambda function start; the emulator has one at once, for every version and call.

Two things of AWS': a new environment takes its time unless it was provisioned, and a version that was not called for 14
days loses its snapshot and is made ready again before it takes calls. The drill plays both, faster than they are.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from drills.aws_front import FRESH, Balancer
from harness.tap import Answer, Operation, Refusal, Request, Upstream

PROVISIONED = "https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html"
SNAPSTART = "https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html"
_NOT_READY = "Lambda is initializing your function. It will be ready to invoke once your function state becomes ACTIVE."
"""Lambda API reference, Invoke, SnapStartNotReadyException."""


@dataclass
class Environments:
    """Which environments each version has, and whether it takes calls at all."""

    init: float
    """Seconds that a new environment takes."""
    idle: float
    """Seconds without a call after which a version is inactive, for AWS' 14 days; 0: never."""
    clock: Callable[[], float] = time.monotonic
    free: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """When each environment of a version that is not at work can take a call."""
    granted: dict[tuple[str, str], float] = field(default_factory=dict)
    """When what was provisioned for a qualifier is ready in a version."""
    _called: dict[str, float] = field(default_factory=dict)
    _ready: dict[str, float] = field(default_factory=dict)

    def state(self, version: str, *, call: bool = False) -> str:
        """``Active``, ``Inactive`` or ``Pending`` (Lambda API reference, State); a ``call`` wakes what is inactive."""
        now = self.clock()
        if not self.idle:
            return "Active"
        if self._ready.get(version, 0.0) > now:
            return "Pending"
        last = max(self._called.setdefault(version, now), self._ready.get(version, 0.0))
        if now - last > self.idle:
            if call:
                self._ready[version] = now + self.init
            return "Inactive"
        if call:
            self._called[version] = now
        return "Active"

    def provide(self, qualifier: str, version: str, count: int) -> None:
        """``count`` environments are provisioned for ``qualifier``, which means ``version``; once only."""
        if (qualifier, version) not in self.granted:
            self.granted[qualifier, version] = self.clock() + self.init
            self.free[version] += [self.granted[qualifier, version]] * count

    def withdraw(self, qualifier: str) -> None:
        """Nothing is provisioned for ``qualifier`` any more; its environments go."""
        for each in [key for key in self.granted if key[0] == qualifier]:
            del self.granted[each]
            self.free.pop(each[1], None)

    @asynccontextmanager
    async def one_of(self, version: str) -> AsyncIterator[None]:
        """An environment for one call, a new one where none is free; free afterwards, whoever has hung up meanwhile."""
        pool, now = self.free[version], self.clock()
        ready = next((at for at in pool if at <= now), None)
        if ready is not None:
            pool.remove(ready)
        # A pool that was withdrawn meanwhile is nobody's any more.
        began = now if ready is None else now - self.init
        try:
            await asyncio.sleep(max(0.0, began + self.init - now))
            yield
        finally:
            pool.append(max(began + self.init, self.clock()))


@dataclass
class StartsOfUsers:
    """On the users' way: a call waits for an environment, or fails where the version takes none."""

    balancer: Balancer
    environments: Environments
    name: str = "lambda-environment-start"
    source: str = PROVISIONED
    _known: tuple[float, str] = (float("-inf"), "")

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:  # noqa: ARG002
        """The endpoint's answer, late; or the load balancer's error for a function that could not be called."""
        version = await self._version()
        if not version:
            return None
        if self.environments.state(version, call=True) != "Active":
            return Answer(HTTPStatus.BAD_GATEWAY, {"Content-Type": "text/html"}, b"<h1>502 Bad Gateway</h1>")
        if self.environments.idle:
            return None
        async with self.environments.one_of(version):
            return await upstream(request)

    async def _version(self) -> str:
        """The version that is called now; asked twice a second at most."""
        if time.monotonic() - self._known[0] > FRESH:
            self._known = (time.monotonic(), self._known[1])
            version, provisioned = await asyncio.to_thread(self._asked)
            self._known = (time.monotonic(), version)
            for qualifier, count in provisioned.items():
                self.environments.provide(qualifier, version, count)
        return self._known[1]

    def _asked(self) -> tuple[str, Mapping[str, int]]:
        try:
            called, shares = self.balancer.called()
        except (BotoCoreError, ClientError):  # before the first release there is no function to ask for
            return "", {}
        version = next(iter(shares), "")
        wanted = {called, version} - {""} if not self.environments.idle else ()
        return version, self.balancer.provisioned(wanted)


@dataclass
class StartsOfCalls:
    """On the team's way: what Lambda says of a version's state, of a direct call, and of provisioned concurrency."""

    balancer: Balancer
    environments: Environments
    name: str = "lambda-function-state"
    source: str = SNAPSTART

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | Refusal | None:
        """Speaks where AWS would not say what the emulator says."""
        qualifier = next(iter(parse_qs(urlsplit(request.path).query).get("Qualifier", ())), "")
        if operation.service != "lambda" or not qualifier:
            return None
        if operation.action in ("PutProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig"):
            return await self._provisioned(qualifier, request, upstream)
        if operation.action == "DeleteProvisionedConcurrencyConfig":
            self.environments.withdraw(qualifier)
            return None
        if not qualifier.isdigit():
            return None
        if operation.action == "Invoke" and self.environments.state(qualifier, call=True) != "Active":
            return 409, "SnapStartNotReadyException", _NOT_READY
        if operation.action in ("GetFunction", "GetFunctionConfiguration"):
            return await self._state(qualifier, request, upstream)
        return None

    async def _provisioned(self, qualifier: str, request: Request, upstream: Upstream) -> Answer:
        answer = await upstream(request)
        said = _json(answer)
        count = int(said.get("RequestedProvisionedConcurrentExecutions", 0))
        if count:
            shares = {qualifier: 1.0} if qualifier.isdigit() else (await asyncio.to_thread(self.balancer.called))[1]
            version = next(iter(shares), "")
            self.environments.provide(qualifier, version, count)
            if self.environments.granted[qualifier, version] > self.environments.clock():
                late = {"Status": "IN_PROGRESS", "AvailableProvisionedConcurrentExecutions": 0}
                return _changed(answer, {**said, **late})
        return answer

    async def _state(self, version: str, request: Request, upstream: Upstream) -> Answer | None:
        state = self.environments.state(version)
        if state == "Active":
            return None
        answer = await upstream(request)
        said = _json(answer)
        inner = {**said.get("Configuration", said), "State": state, "StateReasonCode": "Idle"}
        return _changed(answer, {**said, "Configuration": inner} if "Configuration" in said else inner)


def _json(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body)) if answer.status < HTTPStatus.BAD_REQUEST and answer.body else {}


def _changed(answer: Answer, said: Mapping[str, Any]) -> Answer:
    return Answer(answer.status, answer.headers, json.dumps(said).encode())

"""The users' way to a Lambda function, where the emulator's load balancer leaves out what AWS does: alias weights.

ministack calls the alias's main version for every request. Here a share of them goes to the other versions, as weights
say; the version that was not the main one is invoked through Lambda's own API.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from harness.tap import Answer, Operation, Request, Rule, Upstream

Shares = Mapping[str, float]
"""Share of the calls by version, the main one first."""
FRESH = 0.5
"""Seconds for which an answer about the alias is used again; changes spread within about as long on AWS, too."""


@dataclass(frozen=True)
class Balancer:
    """The load balancer of one function."""

    function: str
    group: str
    """ARN of its target group."""
    elb: Any
    functions: Any
    """Clients of ``elbv2`` and ``lambda``."""

    def called(self) -> tuple[str, Shares]:
        """Alias or version that it calls, and how its calls are shared among versions; nothing without a target."""
        found = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        called = next((str(each["Target"]["Id"]).rpartition(":")[2] for each in found), "")
        if not called or called.isdigit():
            return called, {called: 1.0} if called else {}
        alias = self.functions.get_alias(FunctionName=self.function, Name=called)
        weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
        return called, {str(alias["FunctionVersion"]): 1.0 - sum(weights.values()), **weights}

    def provisioned(self, qualifiers: Iterable[str]) -> Mapping[str, int]:
        """Provisioned concurrency of those ``qualifiers``, aliases and versions, that have some."""
        return {each: count for each in qualifiers if (count := self._provisioned(each))}

    def _provisioned(self, qualifier: str) -> int:
        try:
            found = self.functions.get_provisioned_concurrency_config(FunctionName=self.function, Qualifier=qualifier)
        except (BotoCoreError, ClientError):  # there is none, or no such function yet
            return 0
        return int(found["RequestedProvisionedConcurrentExecutions"])


@dataclass(frozen=True)
class LambdaFront:
    """The dialect of plain HTTP towards one load balancer; see ``harness.tap.Dialect``."""

    rules: tuple[Rule, ...]

    def operation(self, request: Request) -> Operation:
        """The request line."""
        return Operation("http", f"{request.method} {urlsplit(request.path).path}")

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """An error page."""
        body = json.dumps({"error": code, "message": message}).encode()
        return Answer(status, {"Content-Type": "application/json"}, body)

    def error(self, answer: Answer) -> str:  # noqa: ARG002
        """Nothing: what users get is the probe's business."""
        return ""


@dataclass
class AliasWeights:
    """Sends a share of the calls to the additional versions of the alias that the load balancer calls."""

    balancer: Balancer
    prefix: str
    """Path of the load balancer at the endpoint."""
    name: str = "lambda-alias-weights"
    source: str = "https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html"
    _dice: random.Random = field(default_factory=lambda: random.Random(0), init=False)
    _shares: Shares = field(default_factory=dict, init=False)
    _asked: float = field(default=float("-inf"), init=False)

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:  # noqa: ARG002
        """Throws dice where there is more than one version."""
        shares = await self._current()
        if len(shares) < 2:
            return None
        [version] = self._dice.choices(list(shares), list(shares.values()))
        return None if version == next(iter(shares)) else await self._invoke(version, request, upstream)

    async def _current(self) -> Shares:
        now = time.monotonic()
        if now - self._asked > FRESH:
            self._asked = now
            try:
                self._shares = (await asyncio.to_thread(self.balancer.called))[1]
            except (BotoCoreError, ClientError):  # before the first release there is no function to ask for
                self._shares = {}
        return self._shares

    async def _invoke(self, version: str, request: Request, upstream: Upstream) -> Answer:
        place = urlsplit(request.path)
        event = {
            "httpMethod": request.method,
            "path": place.path.removeprefix(self.prefix) or "/",
            "queryStringParameters": _undecoded(place.query),
            "headers": dict(request.headers),
            "body": request.body.decode("utf-8", "replace"),
            "isBase64Encoded": False,
        }
        path = f"/2015-03-31/functions/{quote(self.balancer.function)}/invocations?Qualifier={quote(version)}"
        given = await upstream(Request("POST", path, {}, json.dumps(event).encode()))
        said = json.loads(given.body) if given.status == 200 else {}
        if "statusCode" not in said:  # Elastic Load Balancing user guide: a function that fails is a 502
            return Answer(502, {"Content-Type": "text/html"}, b"<h1>502 Bad Gateway</h1>")
        body = said.get("body") or ""
        content = base64.b64decode(body) if said.get("isBase64Encoded") else body.encode()
        return Answer(int(said["statusCode"]), said.get("headers") or {}, content)


def _undecoded(query: str) -> dict[str, str]:
    """Parameters as they came: an application load balancer does not decode them for a function."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {name: value for name, _, value in pairs}

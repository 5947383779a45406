"""Conformance rules of Lambda: what AWS refuses and ministack lets through."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harness.tap import Operation, Refusal, Request, Rule, Upstream

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/")
_FUNCTION = re.compile(r":function:([^:]+)(?::([^:]+))?$")
_BALANCER = "elasticloadbalancing.amazonaws.com"


@dataclass(frozen=True)
class UnknownVersion:
    """An alias cannot point at a version that was deleted or never published."""

    name: str = "lambda-alias-unknown-version"
    source: str = "https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
        """Asks the endpoint for the version's configuration."""
        if operation.service != "lambda" or operation.action not in ("UpdateAlias", "CreateAlias"):
            return None
        said = operation.parameters or {}
        function, version = str(said.get("FunctionName", "")), str(said.get("FunctionVersion", ""))
        if not version or version == "$LATEST":
            return None
        status, _ = await _about(function, version, "configuration", request, upstream)
        if status != 404:
            return None
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        arn = f"arn:aws:lambda:{scope[1] if scope else ''}:000000000000:function:{function}:{version}"
        return 404, "ResourceNotFoundException", f"Function not found: {arn}"


@dataclass(frozen=True)
class TargetWithoutPermission:
    """A load balancer takes a function as target only where that very qualifier lets it invoke."""

    name: str = "elb-lambda-target-permission"
    source: str = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
        """Asks the endpoint for the policy of the function, version or alias."""
        if (operation.service, operation.action) != ("elasticloadbalancing", "RegisterTargets"):
            return None
        said = {name: str(value) for name, value in (operation.parameters or {}).items()}
        for arn in (value for name, value in said.items() if name.startswith("Targets.") and name.endswith(".Id")):
            function = _FUNCTION.search(arn)
            if function is None:
                continue
            _, policy = await _about(function[1], function[2] or "", "policy", request, upstream)
            if _BALANCER not in set(_principals(policy)):
                told = f"{_BALANCER.partition('.')[0]} principal does not have permission to invoke {arn}"
                return 403, "AccessDenied", f"{told} from target group {said.get('TargetGroupArn', '')}"
        return None


def _principals(policy: Mapping[str, Any]) -> Iterator[str]:
    """Services that a function's policy lets invoke it."""
    for statement in json.loads(policy.get("Policy") or "{}").get("Statement", ()):
        principal = statement["Principal"]
        if statement["Effect"] == "Allow":
            yield principal if isinstance(principal, str) else str(principal.get("Service", ""))


async def _about(
    function: str, qualifier: str, what: str, request: Request, upstream: Upstream
) -> tuple[int, Mapping[str, Any]]:
    """Status and answer of the endpoint, asked with the caller's identity for what Lambda knows of a qualifier."""
    path = f"/2015-03-31/functions/{quote(function)}/{what}"
    path += f"?Qualifier={quote(qualifier)}" if qualifier else ""
    headers = {name: value for name, value in request.headers.items() if not name.startswith("content-")}
    scope = _SCOPE.search(headers.get("authorization", ""))
    if scope:
        headers["authorization"] = headers["authorization"].replace(f"/{scope[2]}/aws4", "/lambda/aws4")
    answer = await upstream(Request("GET", path, headers, b""))
    found = json.loads(answer.body) if answer.status == 200 else {}
    return answer.status, found


LAMBDA_RULES: tuple[Rule, ...] = (UnknownVersion(), TargetWithoutPermission())
"""What is asked of every call."""

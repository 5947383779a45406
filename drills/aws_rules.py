"""Conformance rules: what AWS refuses and ministack lets through (measured in shared facts, repeated by the tests)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harness.tap import Operation, Request, Rule, Upstream

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/")
Refusal = tuple[int, str, str]
"""Status, code, message."""


@dataclass(frozen=True)
class InactiveTaskDefinition:
    """ECS: a service cannot be put on a revision that is deregistered or was never registered.

    AWS may let it through for up to ten minutes after the deregistration; a rollback cannot count on those, so a drill
    does not either.
    """

    name: str = "ecs-inactive-task-definition"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html"

    async def refuse(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
        """Asks the endpoint for the revision and judges its status."""
        if operation.service != "ecs" or operation.action not in ("UpdateService", "CreateService", "RunTask"):
            return None
        wanted = str((operation.parameters or {}).get("taskDefinition") or "")
        if not wanted:
            return None
        found = await _describe(wanted, request, upstream)
        if found.get("status") == "ACTIVE":
            return None
        if not found:
            return 400, "ClientException", "Unable to describe task definition."
        return 400, "ClientException", "TaskDefinition is inactive"


async def _describe(revision: str, request: Request, upstream: Upstream) -> Mapping[str, Any]:
    prefix = request.headers.get("x-amz-target", "").rpartition(".")[0]
    headers = {**request.headers, "x-amz-target": f"{prefix}.DescribeTaskDefinition"}
    body = json.dumps({"taskDefinition": revision}).encode()
    headers = {name: value for name, value in headers.items() if name != "content-length"}
    answer = await upstream(Request("POST", request.path, headers, body))
    try:
        found = json.loads(answer.body).get("taskDefinition") or {}
    except ValueError:
        return {}
    return found if answer.status == 200 else {}


@dataclass(frozen=True)
class UnknownVersion:
    """Lambda: an alias cannot point at a version that was deleted or never published."""

    name: str = "lambda-alias-unknown-version"
    source: str = "https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html"

    async def refuse(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
        """Asks the endpoint for the version's configuration."""
        if operation.service != "lambda" or operation.action not in ("UpdateAlias", "CreateAlias"):
            return None
        said = operation.parameters or {}
        function, version = str(said.get("FunctionName", "")), str(said.get("FunctionVersion", ""))
        if not version or version == "$LATEST":
            return None
        path = f"/2015-03-31/functions/{quote(function)}/configuration?Qualifier={quote(version)}"
        headers = {name: value for name, value in request.headers.items() if not name.startswith("content-")}
        answer = await upstream(Request("GET", path, headers, b""))
        if answer.status != 404:
            return None
        scope = _SCOPE.search(request.headers.get("authorization", ""))
        arn = f"arn:aws:lambda:{scope[1] if scope else ''}:000000000000:function:{function}:{version}"
        return 404, "ResourceNotFoundException", f"Function not found: {arn}"


RULES: tuple[Rule, ...] = (InactiveTaskDefinition(), UnknownVersion())
"""Every rule of the AWS dialect, in the order in which they are asked."""

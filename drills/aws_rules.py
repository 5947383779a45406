"""Conformance rules: what AWS refuses and ministack lets through; those of ECS and CloudFormation, and all together."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from drills.aws_lambda_rules import LAMBDA_RULES
from harness.tap import Operation, Refusal, Request, Rule, Upstream


@dataclass(frozen=True)
class InactiveTaskDefinition:
    """ECS: a service cannot be put on a revision that is deregistered or was never registered.

    AWS may let it through for up to ten minutes after the deregistration; a rollback cannot count on those, so a drill
    does not either.
    """

    name: str = "ecs-inactive-task-definition"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
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
class StuckStack:
    """CloudFormation: a stack in UPDATE_ROLLBACK_FAILED takes no change set, as it takes no update.

    `aws cloudformation deploy`, SAM and CDK deploy by change sets; ministack would get the stack going again for them.
    """

    name: str = "cloudformation-stuck-stack"
    source: str = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-continueupdaterollback.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:
        """Asks the endpoint for the stack's status."""
        if (operation.service, operation.action) != ("cloudformation", "CreateChangeSet"):
            return None
        stack = str((operation.parameters or {}).get("StackName", ""))
        body = urlencode({"Action": "DescribeStacks", "Version": "2010-05-15", "StackName": stack}).encode()
        headers = {name: value for name, value in request.headers.items() if name != "content-length"}
        answer = await upstream(Request("POST", request.path, headers, body))
        told = answer.body.decode("utf-8", "replace")
        if "<StackStatus>UPDATE_ROLLBACK_FAILED</StackStatus>" not in told:
            return None
        found = re.search("<StackId>(.*?)</StackId>", told)
        known = found[1] if found else stack
        return 400, "ValidationError", f"Stack:{known} is in UPDATE_ROLLBACK_FAILED state and can not be updated."


RULES: tuple[Rule, ...] = (InactiveTaskDefinition(), StuckStack(), *LAMBDA_RULES)
"""Every rule of the AWS dialect, in the order in which they are asked."""

"""ECS looks by itself whether a service has its tasks; the emulator only when something happens to the service."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.tap import Answer, Operation, Request, Upstream

_PATIENCE = 2.0
"""Seconds for which a deployment may lack tasks: the emulator needs a moment to start one."""


@dataclass
class SchedulerLooksAgain:
    """A deployment in progress that lacks tasks gets them, though those that were in its way failed meanwhile.

    Tasks of an older deployment that are still being started count as capacity; when they fail, nobody tells the
    emulator's scheduler, and the newer deployment waits for ever. An empty UpdateService makes it look.
    """

    clock: Callable[[], float] = time.monotonic
    name: str = "ecs-scheduler-looks-again"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html"
    _since: dict[str, float] = field(default_factory=dict, init=False)
    """When a service was first seen to lack tasks, on ``clock``."""

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:
        """Where somebody asks for a service that has lacked tasks for long: touches it, and gives the answer then."""
        if (operation.service, operation.action) != ("ecs", "DescribeServices"):
            return None
        touched = False
        for each in _services(await upstream(request)):
            arn = str(each.get("serviceArn"))
            if not _lacks(each):
                self._since.pop(arn, None)
            elif self.clock() - self._since.setdefault(arn, self.clock()) >= _PATIENCE:
                del self._since[arn]
                await upstream(_touch(request, each))
                touched = True
        return await upstream(request) if touched else None


def _services(answer: Answer) -> list[dict[str, Any]]:
    try:
        found = json.loads(answer.body).get("services") or []
    except (ValueError, AttributeError):
        return []
    return [each for each in found if isinstance(each, dict)]


def _lacks(service: Mapping[str, Any]) -> bool:
    """Whether its newest deployment is in progress with fewer tasks than it has to have."""
    newest: Mapping[str, Any] = next(
        (each for each in service.get("deployments", ()) if each.get("status") == "PRIMARY"), {}
    )
    there = newest.get("runningCount", 0) + newest.get("pendingCount", 0)
    return newest.get("rolloutState") == "IN_PROGRESS" and there < newest.get("desiredCount", 0)


def _touch(request: Request, service: Mapping[str, Any]) -> Request:
    prefix = request.headers.get("x-amz-target", "").rpartition(".")[0]
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    body = json.dumps({"cluster": service.get("clusterArn"), "service": service.get("serviceName")}).encode()
    return Request("POST", request.path, {**headers, "x-amz-target": f"{prefix}.UpdateService"}, body)

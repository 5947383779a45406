"""What ECS does with tasks that fail the load balancer's health check; the emulator calls every target healthy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from botocore.exceptions import BotoCoreError, ClientError

from harness.tap import Operation, Request, Upstream

CLUSTER = "drill"
_GRACE = 30.0
"""Seconds for which a task that never answered is not counted as unhealthy: the service's health check grace period."""


@dataclass
class TargetHealth:
    """Stops tasks that fail the target group's own check as often as the group says; the service starts others.

    It looks while users ask, in the group's interval. AWS would keep the tasks of the release before until the new ones
    are healthy; the emulator has stopped them by then.
    """

    service: str
    group: str
    """ARN of the target group."""
    ecs: Any
    elb: Any
    """Clients, past the tap."""
    name: str = "ecs-target-health"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html"
    _next: float = field(default=float("-inf"), init=False)
    _look: asyncio.Future[None] | None = field(default=None, init=False)
    _failed: dict[str, int] = field(default_factory=dict, init=False)
    _seen: dict[str, float] = field(default_factory=dict, init=False)

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> None:  # noqa: ARG002
        """Never an answer of its own; starts a look when it is time for one."""
        if time.monotonic() >= self._next and (self._look is None or self._look.done()):
            self._look = asyncio.ensure_future(asyncio.to_thread(self.look))

    def look(self) -> None:
        """Ask every running task once, and stop those that have failed too often."""
        try:
            check = self.elb.describe_target_groups(TargetGroupArns=[self.group])["TargetGroups"][0]
            self._next = time.monotonic() + check["HealthCheckIntervalSeconds"]
            arns = self.ecs.list_tasks(cluster=CLUSTER, serviceName=self.service, desiredStatus="RUNNING")["taskArns"]
            tasks = self.ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else ()
            bad = [each["taskArn"] for each in tasks if self._count(each, check) >= check["UnhealthyThresholdCount"]]
            for arn in bad:
                reason = f"Task failed ELB health checks in (target-group {self.group})"
                self.ecs.stop_task(cluster=CLUSTER, task=arn, reason=reason)
            if bad:  # the emulator starts others only when somebody touches the service
                self.ecs.update_service(cluster=CLUSTER, service=self.service)
        except (BotoCoreError, ClientError):  # the service is being changed: the next look sees how
            self._next = time.monotonic() + 1.0

    def _count(self, task: Mapping[str, Any], check: Mapping[str, Any]) -> int:
        """How often the task has failed in a row."""
        arn, address = str(task["taskArn"]), address_of(task)
        if task["lastStatus"] != "RUNNING" or not address:
            return 0
        seen = self._seen.setdefault(arn, time.monotonic())
        port = check["Port"] if check["HealthCheckPort"] == "traffic-port" else check["HealthCheckPort"]
        status = _status(f"http://{address}:{port}{check['HealthCheckPath']}", check["HealthCheckTimeoutSeconds"])
        if status is None and arn not in self._failed and time.monotonic() - seen < _GRACE:
            return 0
        healthy = status is not None and str(status) in _matching(check)
        self._failed[arn] = 0 if healthy else self._failed.get(arn, 0) + 1
        return self._failed[arn]


def address_of(task: Mapping[str, Any]) -> str:
    """The task's own address; empty while it has none."""
    details = (detail for attachment in task.get("attachments", []) for detail in attachment.get("details", []))
    return next((str(each["value"]) for each in details if each["name"] == "privateIPv4Address"), "")


def _status(url: str, timeout: float) -> int | None:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=timeout, allow_redirects=False).status_code
    except requests.RequestException:
        return None


def _matching(check: Mapping[str, Any]) -> frozenset[str]:
    """Codes that count as healthy, from ``200``, ``200,202`` or ``200-299`` (ELB API reference, Matcher)."""
    codes: set[str] = set()
    for part in str((check.get("Matcher") or {}).get("HttpCode") or "200").split(","):
        first, _, last = part.partition("-")
        codes |= {str(code) for code in range(int(first), int(last or first) + 1)}
    return frozenset(codes)

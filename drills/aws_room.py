"""What a full ECS cluster does to a deployment; the emulator places every task it is asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.tap import Answer, Operation, Request, Upstream


@dataclass(frozen=True)
class ClusterRoom:
    """A task is placed only where a container instance has room for it: a full cluster starts none beside the old ones.

    The emulator is told so by a lower ``maximumPercent``; what the service says of itself is AWS' own message.
    """

    tasks: int
    """How many tasks the cluster's container instances hold."""
    name: str = "ecs-cluster-room"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:
        """Limits what a deployment may start, and adds the event of one that waits for room."""
        if operation.service != "ecs":
            return None
        if operation.action in ("CreateService", "UpdateService"):
            return await self._limited(operation, request, upstream)
        if operation.action == "DescribeServices":
            return await self._told(request, upstream)
        return None

    async def _limited(self, operation: Operation, request: Request, upstream: Upstream) -> Answer:
        body = json.loads(request.body)
        now = await _service(body, operation, request, upstream)
        rules = {**now.get("deploymentConfiguration", {}), **body.get("deploymentConfiguration", {})}
        desired = int(body.get("desiredCount") or now.get("desiredCount") or 1)
        most = min(int(rules.get("maximumPercent", 200)), self.tasks * 100 // desired)
        body["deploymentConfiguration"] = {**rules, "maximumPercent": most}
        return await upstream(_with(request, request.headers["x-amz-target"], body))

    async def _told(self, request: Request, upstream: Upstream) -> Answer | None:
        answer = await upstream(request)
        said = json.loads(answer.body) if answer.status == 200 else {}
        waiting = [each for each in said.get("services", ()) if self._waits(each)]
        for service in waiting:
            newest: Mapping[str, Any] = next(iter(service.get("events", ())), {})
            service["events"] = [{**newest, "id": "waits-for-room", "message": _message(service)}, *service["events"]]
        return Answer(200, answer.headers, json.dumps(said).encode()) if waiting else None

    def _waits(self, service: Mapping[str, Any]) -> bool:
        deployments = service.get("deployments", ())
        primary = next((each for each in deployments if each["status"] == "PRIMARY"), None)
        short = primary and primary["runningCount"] + primary["pendingCount"] < primary["desiredCount"]
        return bool(short) and sum(each["runningCount"] for each in deployments) >= self.tasks


def _message(service: Mapping[str, Any]) -> str:
    return (
        f"(service {service['serviceName']}) was unable to place a task because no container instance met all of its "
        "requirements. The closest matching container-instance has insufficient memory available."
    )


async def _service(
    body: Mapping[str, Any], operation: Operation, request: Request, upstream: Upstream
) -> Mapping[str, Any]:
    """The service as it is; nothing where it is still to be made."""
    if operation.action == "CreateService":
        return {}
    prefix = request.headers["x-amz-target"].rpartition(".")[0]
    asked = {"cluster": body.get("cluster", "default"), "services": [body["service"]]}
    answer = await upstream(_with(request, f"{prefix}.DescribeServices", asked))
    return next(_found(answer), {})


def _found(answer: Answer) -> Iterator[Mapping[str, Any]]:
    yield from json.loads(answer.body).get("services", ()) if answer.status == 200 else ()


def _with(request: Request, target: str, body: object) -> Request:
    headers = {name: value for name, value in request.headers.items() if name != "content-length"}
    return Request("POST", request.path, {**headers, "x-amz-target": target}, json.dumps(body).encode())

"""A deployment that lacks tasks is looked at again, after a while, and only then."""

import asyncio
import json
from unittest.mock import Mock

import pytest

from drills.aws_scheduler import SchedulerLooksAgain
from harness.tap import Answer, Operation, Request

ASKED = Request("POST", "/", {"x-amz-target": "Amazon.DescribeServices", "content-length": "9"}, b"{}")


def service(running=0, pending=0, desired=2, state="IN_PROGRESS"):
    counts = {"runningCount": running, "pendingCount": pending, "desiredCount": desired, "rolloutState": state}
    return {
        "serviceArn": "arn",
        "serviceName": "shop",
        "clusterArn": "drill",
        "deployments": [{"status": "PRIMARY", **counts}],
    }


def looked(seen, *times):
    """Requests besides the one that was asked for, and the last answer, when it is asked at ``times``."""
    others, clock = [], Mock()
    rule = SchedulerLooksAgain(clock=clock)

    async def upstream(request):
        if "UpdateService" in request.headers["x-amz-target"]:
            others.append(json.loads(request.body))
        return Answer(200, {}, json.dumps({"services": [seen]}).encode())

    answer = None
    for clock.return_value in times:
        answer = asyncio.run(rule.answer(Operation("ecs", "DescribeServices", "shop", {}), ASKED, upstream))
    return others, answer


def test_a_service_that_lacks_tasks_for_two_seconds_is_touched_once():
    touched, answer = looked(service(), 0.0, 1.0, 2.1)
    assert touched == [{"cluster": "drill", "service": "shop"}]
    assert answer.status == 200
    assert looked(service(), 0.0, 2.1, 3.0)[0] == touched


@pytest.mark.parametrize(
    "seen",
    [service(pending=2), service(running=1, pending=1), service(state="COMPLETED"), service(state="FAILED"), {}],
    ids=["starting", "one each", "completed", "failed", "no deployment"],
)
def test_any_other_service_is_left_alone(seen):
    assert looked(seen, 0.0, 5.0, 10.0) == ([], None)


def test_a_moment_without_tasks_is_none():
    assert looked(service(), 0.0, 1.0, 1.9) == ([], None)

"""How environments of a function start: what they cost a call, what was provisioned, what fourteen idle days do."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from drills.aws_lambda_start import Environments, StartsOfCalls, StartsOfUsers
from harness.tap import Answer, Operation, Request


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr("drills.aws_lambda_start.asyncio.sleep", self.sleep)

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def took(environments, version, calls=1):
    """Seconds that so many calls, one after the other, had to wait."""

    async def call():
        began = environments.clock()
        async with environments.one_of(version):
            return environments.clock() - began

    return [asyncio.run(call()) for _ in range(calls)]


def test_l6_the_first_call_waits_for_its_environment_and_the_next_has_it(clock):
    assert took(Environments(20.0, 0.0, clock), "1", 3) == [20.0, 0.0, 0.0]


def test_l6_what_was_provisioned_takes_as_long_and_then_nothing(clock):
    environments = Environments(20.0, 0.0, clock)
    environments.provide("1", "1", 2)
    environments.provide("1", "1", 2)
    assert len(environments.free["1"]) == 2
    clock.now += 20.0
    assert took(environments, "1") == [0.0]


def test_l6_what_was_withdrawn_is_gone_also_when_a_call_was_under_way(clock):
    environments = Environments(20.0, 0.0, clock)
    environments.provide("1", "1", 1)
    clock.now += 20.0

    async def withdrawn_meanwhile():
        async with environments.one_of("1"):
            environments.withdraw("1")

    asyncio.run(withdrawn_meanwhile())
    assert took(environments, "1") == [20.0]


def test_l6_versions_have_their_own(clock):
    environments = Environments(20.0, 0.0, clock)
    environments.provide("2", "2", 5)
    clock.now += 20.0
    assert took(environments, "1") == [20.0]


def test_l6_an_environment_whose_caller_hung_up_is_free_when_it_is_ready():
    environments = Environments(20.0, 0.0, lambda: 100.0)

    async def hang_up():
        async def call():
            async with environments.one_of("1"):
                pytest.fail("it was not ready yet")

        task = asyncio.ensure_future(call())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(hang_up())
    assert environments.free["1"] == [120.0]


def test_l5_a_version_that_nobody_calls_is_inactive_until_a_call_has_woken_it(clock):
    environments = Environments(20.0, 4.0, clock)
    assert environments.state("1", call=True) == "Active"
    clock.now += 5.0
    assert environments.state("1") == "Inactive"
    clock.now += 100.0
    assert environments.state("1") == "Inactive"  # to look at it is no call
    assert environments.state("1", call=True) == "Inactive"
    clock.now += 19.0
    assert environments.state("1", call=True) == "Pending"
    clock.now += 1.0
    assert environments.state("1", call=True) == "Active"


def test_l5_a_version_that_is_called_stays_active(clock):
    environments = Environments(20.0, 4.0, clock)
    for _ in range(10):
        clock.now += 3.0
        assert environments.state("1", call=True) == "Active"


def test_l5_without_idle_every_version_is_active(clock):
    environments = Environments(20.0, 0.0, clock)
    clock.now += 10_000.0
    assert environments.state("1", call=True) == "Active"


def asked(rule, action, path, said=None):
    """What the rule answers to a call for which the endpoint has ``said``."""

    async def upstream(_request):
        return Answer(200, {}, json.dumps(said or {}).encode())

    return asyncio.run(rule.answer(Operation("lambda", action), Request("GET", path, {}, b""), upstream))


def test_l5_a_direct_call_and_the_state_say_the_same_as_the_users_see(clock):
    environments = Environments(20.0, 4.0, clock)
    balancer = SimpleNamespace(called=lambda: ("live", {"1": 1.0}), provisioned=lambda _: {})
    calls, users = StartsOfCalls(balancer, environments), StartsOfUsers(balancer, environments)
    assert asked(calls, "Invoke", "/x?Qualifier=1") is None
    assert asked(users, "", "/") is None
    clock.now += 5.0
    told = asked(calls, "GetFunctionConfiguration", "/x?Qualifier=1", {"Version": "1", "State": "Active"})
    assert json.loads(told.body)["State"] == "Inactive"
    told = asked(calls, "GetFunction", "/x?Qualifier=1", {"Configuration": {"State": "Active"}, "Code": {}})
    assert json.loads(told.body)["Configuration"]["State"] == "Inactive"
    assert asked(users, "", "/").status == 502
    assert asked(calls, "Invoke", "/x?Qualifier=1")[:2] == (409, "SnapStartNotReadyException")
    clock.now += 20.0
    assert asked(calls, "Invoke", "/x?Qualifier=1") is None
    assert asked(users, "", "/") is None


def test_l6_provisioned_concurrency_is_in_progress_until_it_is_there(clock):
    environments = Environments(20.0, 0.0, clock)
    calls = StartsOfCalls(SimpleNamespace(called=lambda: ("live", {"1": 1.0})), environments)
    said = {"RequestedProvisionedConcurrentExecutions": 10, "Status": "READY"}
    told = asked(calls, "PutProvisionedConcurrencyConfig", "/x?Qualifier=live", said)
    assert json.loads(told.body)["Status"] == "IN_PROGRESS"
    assert len(environments.free["1"]) == 10, "the alias means version 1"
    clock.now += 20.0
    told = asked(calls, "GetProvisionedConcurrencyConfig", "/x?Qualifier=live", said)
    assert json.loads(told.body)["Status"] == "READY"
    asked(calls, "DeleteProvisionedConcurrencyConfig", "/x?Qualifier=live")
    assert not environments.free["1"]


def test_l6_on_the_users_way_a_call_waits_where_nothing_was_provisioned(clock):
    environments = Environments(20.0, 0.0, clock)
    balancer = SimpleNamespace(called=lambda: ("live", {"1": 1.0}), provisioned=lambda _: {})
    assert asked(StartsOfUsers(balancer, environments), "", "/").status == 200
    assert clock.now == 120.0

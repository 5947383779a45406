"""What AWS does with a full cluster, an unhealthy target and an image that is gone, and the emulator does not."""

import asyncio
from types import SimpleNamespace

import boto3
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.endpoint import ministack
from drills.aws import REGION
from drills.aws_api import AwsDialect
from drills.aws_room import ClusterRoom
from drills.ecs import _no_room
from drills.ecs_health import TargetHealth, _matching
from drills.registry import FreshHosts, RegistryApi, SlowRetries, forget
from harness.tap import Answer, Request, Taps


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


def ecs(url):
    keys = {"aws_access_key_id": "drill", "aws_secret_access_key": "drill"}
    return boto3.client("ecs", endpoint_url=url, region_name=REGION, **keys)


@pytest.fixture
def full(endpoint):
    """A client whose cluster has room for two tasks."""
    taps = Taps(lambda _call: None)
    yield ecs(taps.open(endpoint, AwsDialect((ClusterRoom(2),))).url)
    taps.close()


def released(client, name, least):
    """A service with two tasks of revision 1, told to go to revision 2."""
    client.create_cluster(clusterName=name)
    for _ in range(2):
        client.register_task_definition(family=name, containerDefinitions=[{"name": "app", "image": "app:1"}])
    rules = {"minimumHealthyPercent": least, "maximumPercent": 200}
    names = {"cluster": name, "taskDefinition": f"{name}:1", "deploymentConfiguration": rules}
    client.create_service(**names, serviceName=name, desiredCount=2)
    client.update_service(cluster=name, service=name, taskDefinition=f"{name}:2")
    return described(client, name)


def described(client, name):
    return client.describe_services(cluster=name, services=[name])["services"][0]


def test_e8_a_full_cluster_starts_nothing_beside_tasks_that_all_have_to_stay(full, endpoint):
    service = released(full, "keeps-all", least=100)
    assert service["deployments"][0]["runningCount"] == 0
    assert "was unable to place a task because no container instance met all" in service["events"][0]["message"]
    assert _no_room(described(ecs(endpoint), "keeps-all")).startswith("no room for a task of keeps-all:2: 2 tasks run")


def test_e8_lowering_the_minimum_lets_the_deployment_go_on(full):
    released(full, "goes-on", least=100)
    rules = {"minimumHealthyPercent": 50, "maximumPercent": 200}
    full.update_service(cluster="goes-on", service="goes-on", deploymentConfiguration=rules)
    service = described(full, "goes-on")
    assert service["deployments"][0]["runningCount"] > 0
    assert _no_room(service) == ""


def test_e8_a_cluster_with_room_is_left_alone(endpoint):
    service = released(ecs(endpoint), "has-room", least=100)
    assert service["deployments"][0]["runningCount"] == 2
    assert "unable to place" not in str(service["events"])


class Targets:
    """A target group with two tasks at one address, and what was done to them."""

    def __init__(self, url, path):
        self.stopped, self.touched = [], []
        check = {"HealthCheckPort": str(url.port), "Port": 1, "HealthCheckPath": path, "HealthCheckTimeoutSeconds": 5}
        check |= {"UnhealthyThresholdCount": 2, "HealthCheckIntervalSeconds": 5, "Matcher": {"HttpCode": "200"}}
        self.elb = SimpleNamespace(describe_target_groups=lambda **_: {"TargetGroups": [check]})
        details = [{"name": "privateIPv4Address", "value": url.host}]
        tasks = [
            {"taskArn": arn, "lastStatus": "RUNNING", "attachments": [{"details": details}]} for arn in ("one", "two")
        ]
        self.ecs = SimpleNamespace(
            list_tasks=lambda **_: {"taskArns": ["one", "two"]},
            describe_tasks=lambda **_: {"tasks": tasks},
            stop_task=lambda **names: self.stopped.append((names["task"], names["reason"])),
            update_service=lambda **names: self.touched.append(names["service"]),
        )


async def looked(path, times):
    """What became of tasks that answer 200 at /healthz and 404 elsewhere, looked at so often."""

    async def healthy(_request):
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_get("/healthz", healthy)
    async with TestServer(app) as server:
        targets = Targets(server.make_url("/"), path)
        health = TargetHealth("shop", "the-group", targets.ecs, targets.elb)
        for _ in range(times):
            await asyncio.to_thread(health.look)
    return targets


def test_e7_a_task_that_fails_the_groups_check_twice_is_stopped():
    targets = asyncio.run(looked("/readyz", 2))
    assert [task for task, _ in targets.stopped] == ["one", "two"]
    assert targets.stopped[0][1] == "Task failed ELB health checks in (target-group the-group)"
    assert targets.touched == ["shop"]


@pytest.mark.parametrize(("path", "times"), [("/readyz", 1), ("/healthz", 5)])
def test_e7_one_failure_is_not_enough_and_a_healthy_task_stays(path, times):
    assert asyncio.run(looked(path, times)).stopped == []


@pytest.mark.parametrize(
    ("said", "codes"), [(None, {"200"}), ("200,204", {"200", "204"}), ("200-202", {"200", "201", "202"})]
)
def test_codes_that_count_as_healthy(said, codes):
    assert _matching({"Matcher": {"HttpCode": said}} if said else {}) == codes


class Engine:
    """An engine's images by their names."""

    def __init__(self, *images):
        self.images = self
        self._images = [SimpleNamespace(attrs={"RepoTags": tags, "RepoDigests": digests}) for tags, digests in images]
        self.removed = []

    def list(self):
        return self._images

    def remove(self, name, force):
        assert force
        self.removed.append(name)


def test_only_the_names_that_images_got_in_this_runs_registry_are_forgotten():
    engine = Engine(
        (["localhost/drill/shop:1", "127.0.0.1:5/shop:v1"], ["127.0.0.1:5/shop@sha256:a"]),
        (["127.0.0.1:5/shop:v2"], ["127.0.0.1:5/shop@sha256:b"]),
        (["127.0.0.1:55/shop:v1"], ["127.0.0.1:55/shop@sha256:a"]),
    )
    forget(engine, "127.0.0.1:5", "sha256:a")
    assert engine.removed == ["127.0.0.1:5/shop:v1", "127.0.0.1:5/shop@sha256:a"]
    forget(engine, "127.0.0.1:5")
    assert engine.removed[2:-2] == engine.removed[:2]
    assert engine.removed[-2:] == ["127.0.0.1:5/shop:v2", "127.0.0.1:5/shop@sha256:b"]


@pytest.mark.parametrize(
    ("method", "path", "status", "forgotten"),
    [
        ("DELETE", "/v2/shop/manifests/sha256:a", 202, ["sha256:a"]),
        ("DELETE", "/v2/shop/manifests/sha256:a", 404, []),
        ("DELETE", "/v2/shop/manifests/v1", 202, []),
        ("GET", "/v2/shop/manifests/sha256:a", 200, []),
    ],
)
def test_e2_what_the_registry_deleted_no_host_keeps(monkeypatch, method, path, status, forgotten):
    seen = []
    monkeypatch.setattr("drills.registry.engine_client", lambda: "engine")
    monkeypatch.setattr("drills.registry.forget", lambda *said: seen.append(said))
    request = Request(method, path, {"host": "127.0.0.1:5"}, b"")

    async def upstream(_request):
        return Answer(status, {}, b"")

    asyncio.run(FreshHosts().answer(RegistryApi(()).operation(request), request, upstream))
    assert seen == [("engine", "127.0.0.1:5", digest) for digest in forgotten]


@pytest.mark.parametrize(("status", "waited"), [(404, [1.0]), (200, [])])
def test_a_manifest_that_is_not_there_is_told_slowly(monkeypatch, status, waited):
    seen = []

    async def sleep(seconds):
        seen.append(seconds)

    async def upstream(_request):
        return Answer(status, {}, b"")

    monkeypatch.setattr("drills.registry.asyncio.sleep", sleep)
    request = Request("HEAD", "/v2/shop/manifests/v1", {}, b"")
    asyncio.run(SlowRetries().answer(RegistryApi(()).operation(request), request, upstream))
    assert seen == waited

"""The contract of an AWS engine: what the ECS platform and its deploy scripts ask for, the same of two engines.

ministack and moto stand for any endpoint behind the adapter. LocalStack's image, which wants a token and a
registry, is reached by nothing but this contract and its health page.
"""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests

from bench.endpoint import free_port, ministack
from drills.aws import FAKE_CREDENTIALS, AwsEndpoint
from drills.aws_api import AwsDialect
from drills.ecs import Ecs
from harness.limits import wait_until
from harness.tap import Taps


@pytest.fixture(params=["ministack", "moto"])
def engine(request, tmp_path):
    if request.param == "ministack":
        with ministack(tmp_path) as url:
            yield AwsEndpoint(url, "/_localstack/health", "ministack")
        return
    port = free_port()
    server = [Path(sys.executable).with_name("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with (tmp_path / "moto.log").open("wb") as log:
        process = subprocess.Popen(server, stdout=log, stderr=log, env=FAKE_CREDENTIALS, cwd=tmp_path)
    endpoint = AwsEndpoint(f"http://127.0.0.1:{port}", "/moto-api/data.json", "endpoint", process=process)
    assert wait_until(endpoint.health, 30) is not None, (tmp_path / "moto.log").read_text()
    yield endpoint
    process.terminate()
    process.wait()


@pytest.fixture
def tapped(engine):
    calls = []
    taps = Taps(calls.append)
    yield AwsEndpoint(taps.open(engine.url, AwsDialect()).url, engine.health_path, engine.engine), calls
    taps.close()


def test_every_engine_answers_the_platform_alike(tapped):
    endpoint, calls = tapped
    facts = []
    dead: list[SimpleNamespace] = []
    nothing_runs = SimpleNamespace(
        client=SimpleNamespace(containers=SimpleNamespace(list=lambda **_: dead)), network=""
    )
    run = SimpleNamespace(timeline=SimpleNamespace(write=facts.append), containers=nothing_runs)
    database = SimpleNamespace(environment=lambda: {"DB_PASSWORD": "secret"})
    platform = Ecs(service="shop", database="db").provision(run, {"aws": endpoint, "db": database})
    assert platform.snapshot() == {} and platform.instances() == []
    dead.append(SimpleNamespace(logs=lambda tail: b"starting\nno such revision\n"))
    [crashed] = platform.instances()
    assert (crashed.version, crashed.detail) == ("", "no task is running, last words of the last one: no such revision")
    ecs, names = endpoint.client("ecs"), platform.environment()
    group = endpoint.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    container = {"name": "app", "image": "app:1", "memory": 64, "portMappings": [{"containerPort": 8080}]}
    definition = {"family": "shop", "containerDefinitions": [container], "networkMode": "awsvpc"}
    for _ in range(2):
        ecs.register_task_definition(**definition)
    ecs.create_service(
        cluster=names["ECS_CLUSTER"],
        serviceName=names["ECS_SERVICE"],
        taskDefinition="shop:2",
        desiredCount=0,
        loadBalancers=[
            {"targetGroupArn": names["ECS_TARGET_GROUP_ARN"], "containerName": "app", "containerPort": 8080}
        ],
        networkConfiguration={"awsvpcConfiguration": {"subnets": [names["ECS_SUBNET"]], "securityGroups": [group]}},
    )
    assert platform.instances() == [crashed], "a service without tasks has nothing else to tell"
    ecs.update_service(cluster=names["ECS_CLUSTER"], service="shop", taskDefinition="shop:1")
    ecs.deregister_task_definition(taskDefinition="shop:2")
    with pytest.raises(ecs.exceptions.ClientException, match="TaskDefinition is inactive"):
        ecs.update_service(cluster=names["ECS_CLUSTER"], service="shop", taskDefinition="shop:2")
    secret = endpoint.client("secretsmanager").get_secret_value(SecretId=names["DB_SECRET_ARN"])
    assert secret["SecretString"] == "secret"
    assert [(call.service, call.action, call.status) for call in calls] == [
        ("ecs", "CreateCluster", 200),
        ("ec2", "DescribeSubnets", 200),
        ("elasticloadbalancing", "CreateLoadBalancer", 200),
        ("elasticloadbalancing", "CreateTargetGroup", 200),
        ("elasticloadbalancing", "CreateListener", 200),
        ("iam", "CreateRole", 200),
        ("secretsmanager", "CreateSecret", 200),
        ("ecs", "DescribeServices", 200),
        ("ecs", "ListTasks", 200),
        ("ecs", "DescribeServices", 200),
        ("ecs", "ListTasks", 200),
        ("ecs", "DescribeServices", 200),
        ("ec2", "DescribeSecurityGroups", 200),
        ("ecs", "RegisterTaskDefinition", 200),
        ("ecs", "RegisterTaskDefinition", 200),
        ("ecs", "CreateService", 200),
        ("ecs", "ListTasks", 200),
        ("ecs", "DescribeServices", 200),
        ("ecs", "UpdateService", 200),
        ("ecs", "DeregisterTaskDefinition", 200),
        ("ecs", "UpdateService", 400),
        ("secretsmanager", "GetSecretValue", 200),
    ]


def test_every_engine_has_a_health_page_of_its_own(engine):
    assert requests.get(engine.url + engine.health_path, timeout=10).status_code == 200
    assert engine.health() is not None and engine.description.endswith(engine.url)

"""The tap in front of a real endpoint (ministack without containers), driven by boto3 and by the AWS CLI."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from bench.endpoint import free_port
from drills.aws import FAKE_CREDENTIALS, REGION
from drills.aws_api import AwsDialect
from harness.errors import UsageProblem
from harness.limits import wait_until
from harness.sabotages.api import ApiSaboteur
from harness.tap import Request, Taps, parse_sabotage

HOME = Path(sys.executable).parent


def test_no_profile_of_the_user_is_read(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "one-that-does-not-exist")
    headers = {"authorization": "AWS4-HMAC-SHA256 Credential=drill/20261123/us-east-1/efs/aws4_request"}
    request = Request("GET", "/2015-02-01/file-systems", headers, b"")
    assert AwsDialect().operation(request).action == "DescribeFileSystems"


def revisions(client, family, count):
    for _ in range(count):
        client.register_task_definition(family=family, containerDefinitions=[{"name": "app", "image": "app:1"}])


def service(client, family):
    client.create_cluster(clusterName=family)
    revisions(client, family, 2)
    client.create_service(cluster=family, serviceName=family, taskDefinition=f"{family}:2", desiredCount=0)


def test_each_protocol_of_aws_is_read(tapped):
    tap = tapped()
    tap.client("ecs").describe_clusters(clusters=["one", "two"])  # JSON
    tap.client("sts").get_caller_identity()  # query
    tap.client("elbv2").describe_load_balancers()
    with pytest.raises(ClientError):
        tap.client("lambda").get_function(FunctionName="prices")  # REST
    with pytest.raises(ClientError):
        tap.client("lambda").update_alias(FunctionName="prices", Name="live", FunctionVersion="1")
    requests.get(f"{tap.url}/_ministack/health", timeout=5)
    assert tap.said() == [
        ("ecs", "DescribeClusters", "", 200),
        ("sts", "GetCallerIdentity", "", 200),
        ("elasticloadbalancing", "DescribeLoadBalancers", "", 200),
        ("lambda", "GetFunction", "prices", 404),
        ("lambda", "UpdateAlias", "prices, live", 404),
        ("unsigned", "GET /_ministack/health", "", 200),
    ]
    assert tap.calls[3].error.startswith("ResourceNotFoundException: ")
    assert all(call.took > 0 for call in tap.calls)
    assert [call.action for call in tap.calls if call.by] == ["UpdateAlias"], (
        "there is no version 1: a rule of Lambda's"
    )


def test_bytes_come_through_unchanged(tapped):
    tap = tapped()
    s3 = tap.client("s3", s3={"addressing_style": "path"})
    s3.create_bucket(Bucket="box", CreateBucketConfiguration={"LocationConstraint": REGION})
    body = os.urandom(3 * 1024**2)
    s3.put_object(Bucket="box", Key="a b/ü%2F.bin", Body=body)
    assert s3.get_object(Bucket="box", Key="a b/ü%2F.bin")["Body"].read() == body
    assert [call.action for call in tap.calls] == ["CreateBucket", "PutObject", "GetObject"]


def test_what_head_tells_of_the_length_comes_through(tapped):
    s3 = tapped().client("s3")
    s3.create_bucket(Bucket="lengths", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="lengths", Key="one", Body=b"x" * 1234)
    assert s3.head_object(Bucket="lengths", Key="one")["ContentLength"] == 1234


def test_e1_the_aws_cli_is_refused_an_inactive_revision_as_aws_refuses_it(tapped, endpoint):
    tap = tapped()
    ecs = tap.client("ecs")
    service(ecs, "e1")
    ecs.deregister_task_definition(taskDefinition="e1:1")
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ENDPOINT_URL": tap.url, **FAKE_CREDENTIALS}
    update = [HOME / "aws", "ecs", "update-service", "--cluster", "e1", "--service", "e1", "--task-definition"]
    refused = subprocess.run([*update, "e1:1"], env=env, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert "(ClientException) when calling the UpdateService operation: TaskDefinition is inactive" in refused.stderr
    assert tap.calls[-1].by.startswith("rule ecs-inactive-task-definition (https://docs.aws.amazon.com/")
    missing = subprocess.run([*update, "e1:9"], env=env, capture_output=True, text=True, check=False)
    assert "Unable to describe task definition" in missing.stderr
    assert subprocess.run([*update, "e1:2"], env=env, capture_output=True, check=False).returncode == 0
    assert tap.calls[-1].by == ""


def test_fabfuels_ecs_deploy_works_through_the_tap_unchanged(tapped):
    tap = tapped()
    service(tap.client("ecs"), "fabfuel")
    env = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ENDPOINT_URL": tap.url, **FAKE_CREDENTIALS}
    deploy = [HOME / "ecs", "deploy", "fabfuel", "fabfuel", "--image", "app", "app:3", "--timeout", "20"]
    done = subprocess.run(deploy, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    ecs = tap.client("ecs")
    running = ecs.describe_services(cluster="fabfuel", services=["fabfuel"])["services"][0]["taskDefinition"]
    definition = ecs.describe_task_definition(taskDefinition=running)["taskDefinition"]
    assert definition["containerDefinitions"][0]["image"] == "app:3"
    assert not [call for call in tap.calls if call.status != 200]
    # What E1 is about: it deregisters the revision that a rollback would need.
    assert "DeregisterTaskDefinition" in [call.action for call in tap.calls]


def function(tap, name):
    """A client of Lambda, and the number of a published version of ``name``."""
    client, code = tap.client("lambda"), io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    client.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="app.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return client, client.publish_version(FunctionName=name)["Version"]


def test_l4_an_alias_cannot_point_at_a_version_that_is_gone(tapped):
    tap = tapped()
    client, version = function(tap, "l4")
    client.create_alias(FunctionName="l4", Name="live", FunctionVersion=version)
    with pytest.raises(ClientError, match=r"ResourceNotFoundException.*Function not found: arn:aws:lambda:.*:l4:9"):
        client.update_alias(FunctionName="l4", Name="live", FunctionVersion="9")
    assert tap.calls[-1].by.startswith("rule lambda-alias-unknown-version")
    assert client.update_alias(FunctionName="l4", Name="live", FunctionVersion=version)["FunctionVersion"] == version
    assert client.update_alias(FunctionName="l4", Name="live", FunctionVersion="$LATEST")["Name"] == "live"


def test_l1_a_load_balancer_takes_only_the_qualifier_that_lets_it_invoke(tapped):
    tap = tapped()
    client, version = function(tap, "l1")
    permission = {"Action": "lambda:InvokeFunction", "Principal": "elasticloadbalancing.amazonaws.com"}
    client.create_alias(FunctionName="l1", Name="live", FunctionVersion=version)
    client.add_permission(FunctionName="l1", Qualifier="live", StatementId="balancer", **permission)
    balancer = tap.client("elbv2")
    group = balancer.create_target_group(Name="l1", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
    arn = client.get_function_configuration(FunctionName="l1", Qualifier=version)["FunctionArn"]
    with pytest.raises(ClientError, match=rf"AccessDenied.*does not have permission to invoke {arn} from"):
        balancer.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    assert tap.calls[-1].by.startswith("rule elb-lambda-target-permission")
    balancer.register_targets(TargetGroupArn=group, Targets=[{"Id": arn.replace(f":{version}", ":live")}])
    assert tap.calls[-1].by == ""


def stuck(client, functions, name):
    """A stack whose update failed, and whose rollback did: the function behind its resource is not there any more."""
    code, recorder = io.BytesIO(), Path("drills/workloads/shop/ecs/recorder.py").read_text(encoding="utf-8")
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", recorder)
    arn = functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role="arn:aws:iam::000000000000:role/x",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )["FunctionArn"]
    client.create_stack(StackName=name, TemplateBody=record(arn, "v1"))
    assert wait_until(lambda: status(client, name) == "CREATE_COMPLETE" or None, 60)
    functions.delete_function(FunctionName=name)
    client.update_stack(StackName=name, TemplateBody=record(arn, "v2"))
    assert wait_until(lambda: status(client, name) == "UPDATE_ROLLBACK_FAILED" or None, 60)
    return record(arn, "v1")


def record(function, release):
    properties = {"ServiceToken": function, "Release": release}
    return json.dumps({"Resources": {"Record": {"Type": "Custom::Record", "Properties": properties}}})


def status(client, name):
    return client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]


def test_e10_a_stuck_stack_takes_no_change_set_either(tapped):
    tap = tapped()
    client = tap.client("cloudformation")
    template = stuck(client, tap.client("lambda"), "e10")
    said = r"ValidationError.*Stack:arn:aws:.*:stack/e10/.* is in UPDATE_ROLLBACK_FAILED state and can not be updated"
    with pytest.raises(ClientError, match=said):
        client.create_change_set(StackName="e10", ChangeSetName="back", TemplateBody=template)
    assert tap.calls[-1].by.startswith("rule cloudformation-stuck-stack (https://docs.aws.amazon.com/")
    with pytest.raises(ClientError, match=r"is in UPDATE_ROLLBACK_FAILED state"):
        client.update_stack(StackName="e10", TemplateBody=template)
    assert tap.calls[-1].by == "", "the endpoint says so itself"
    client.continue_update_rollback(StackName="e10", ResourcesToSkip=["Record"])
    assert wait_until(lambda: status(client, "e10") == "UPDATE_ROLLBACK_COMPLETE" or None, 60)
    client.create_change_set(StackName="e10", ChangeSetName="back", TemplateBody=template)
    assert tap.calls[-1].by == ""


def test_without_the_rule_the_emulator_would_let_it_through(endpoint, tapped):
    """Why the rule exists. When this goes red, the emulator has learnt it, and the rule can go."""
    tap = tapped()
    tap.url = endpoint
    ecs = tap.client("ecs")
    service(ecs, "kind")
    ecs.deregister_task_definition(taskDefinition="kind:1")
    answer = ecs.update_service(cluster="kind", service="kind", taskDefinition="kind:1")
    assert answer["service"]["taskDefinition"].endswith("kind:1")


def test_without_the_rule_a_change_set_would_get_a_stuck_stack_going(endpoint, tapped):
    """As above."""
    tap = tapped()
    tap.url = endpoint
    client = tap.client("cloudformation")
    template = stuck(client, tap.client("lambda"), "stuck")
    client.create_change_set(StackName="stuck", ChangeSetName="back", TemplateBody=template)
    assert client.describe_change_set(StackName="stuck", ChangeSetName="back")["StackName"] == "stuck"


@pytest.mark.parametrize(
    ("spec", "raised", "said"),
    [
        ("deny:ecs:List*", ClientError, "AccessDeniedException.*not authorized to perform: ecs:ListClusters"),
        ("throttle:ecs:ListClusters", ClientError, "ThrottlingException.*Rate exceeded"),
        ("fail:*:*", ClientError, "ServiceUnavailable"),
        ("cut:ecs:ListClusters", ConnectionClosedError, "Connection was closed"),
    ],
)
def test_sabotage_looks_to_the_client_as_the_real_thing(tapped, spec, raised, said):
    tap = tapped(spec)
    tap.client("ecs").list_clusters()
    tap.arm()
    with pytest.raises(raised) as problem:
        tap.client("ecs").list_clusters()
    assert re.search(said, str(problem.value))
    assert [call.by for call in tap.calls] == ["", f"sabotage {spec}"]
    tap.taps.sabotage()
    tap.client("ecs").list_clusters()
    assert tap.calls[-1].by == ""


def test_only_the_named_action_is_hit_and_only_so_often(tapped):
    tap = tapped("throttle:ecs:ListClusters:2")
    tap.arm()
    ecs = tap.client("ecs")
    ecs.list_services()
    for _ in range(2):
        with pytest.raises(ClientError):
            ecs.list_clusters()
    ecs.list_clusters()
    assert [call.status for call in tap.calls] == [200, 400, 400, 200]


def test_a_delay_is_in_the_time_of_the_call_and_the_answer_is_the_endpoints(tapped):
    tap = tapped("delay:ecs:*:250ms")
    tap.arm()
    tap.client("ecs").list_clusters()
    assert tap.calls[0].took >= 0.25
    assert (tap.calls[0].status, tap.calls[0].by) == (200, "sabotage delay:ecs:*:250ms")


def test_a_call_that_its_caller_gave_up_is_on_record_and_never_reaches_the_endpoint(tapped):
    tap = tapped("delay:ecs:CreateCluster:10m")
    tap.arm()
    with pytest.raises(ReadTimeoutError):
        tap.client("ecs", read_timeout=1).create_cluster(clusterName="ghost")
    assert wait_until(lambda: tap.calls or None, 10)
    [call] = tap.calls
    assert (call.action, call.status, call.by) == ("CreateCluster", None, "sabotage delay:ecs:CreateCluster:10m")
    assert call.error == "the caller hung up before there was an answer" and call.took < 60
    assert tap.client("ecs").describe_clusters(clusters=["ghost"])["clusters"] == []


def test_rest_and_query_clients_understand_a_refusal_too(tapped):
    tap = tapped("deny:*:*")
    tap.arm()
    for name, ask in (("sts", "get_caller_identity"), ("lambda", "list_functions"), ("elbv2", "describe_rules")):
        with pytest.raises(ClientError, match="AccessDenied"):
            getattr(tap.client(name), ask)()


def test_an_endpoint_that_is_gone_is_a_502_with_its_address(tapped):
    gone = f"http://127.0.0.1:{free_port()}"
    calls = []
    taps = Taps(calls.append)
    url = taps.open(gone, AwsDialect()).url
    answer = requests.get(url, timeout=5)
    taps.close()
    assert answer.status_code == 502
    assert calls[0].error.startswith(f"EndpointUnreachable: {gone}: ClientConnectorError")


def test_many_at_once_lose_no_call(tapped):
    tap = tapped()
    ecs = tap.client("ecs", max_pool_connections=20)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: ecs.list_clusters(), range(200)))
    assert len(tap.calls) == 200 and {call.status for call in tap.calls} == {200}


def test_closed_taps_answer_nobody_and_can_be_closed_again(tapped):
    tap = tapped()
    tap.taps.close()
    tap.taps.close()
    with pytest.raises(requests.ConnectionError):
        requests.get(tap.url, timeout=5)


def test_a_sabotage_of_a_stack_without_an_api_is_the_users_mistake():
    bench = SimpleNamespace(run=SimpleNamespace(taps=Taps(print)))
    with pytest.raises(UsageProblem, match="nothing in this stack is reached through a tap"):
        ApiSaboteur("deny:ecs:*").look(bench)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("deny", "expected KIND:SERVICE:ACTION"),
        ("deny:ecs", "expected KIND:SERVICE:ACTION"),
        ("explode:ecs:*", "expected KIND:SERVICE:ACTION"),
        ("deny:ecs:*:3", "deny takes no amount"),
        ("throttle:ecs:*:often", "invalid literal"),
        ("delay:ecs:*:2 parsecs", "a duration such as"),
    ],
)
def test_a_sabotage_that_cannot_be_read(spec, said):
    with pytest.raises(UsageProblem, match=re.escape(said)):
        parse_sabotage(spec)


def test_an_endpoint_that_is_gone_is_one_for_rules_too(tapped):
    """A rule asks the endpoint itself; what it cannot ask is no defect of the tap's."""
    calls = []
    taps = Taps(calls.append)
    url = taps.open(f"http://127.0.0.1:{free_port()}", AwsDialect()).url
    headers = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.UpdateService", "Content-Type": "application/json"}
    scope = "AWS4-HMAC-SHA256 Credential=drill/20260101/eu-central-1/ecs/aws4_request, Signature=x"
    asked = requests.post(
        url, json={"service": "a", "taskDefinition": "a:1"}, headers={**headers, "Authorization": scope}, timeout=5
    )
    taps.close()
    assert (asked.status_code, calls[0].action) == (502, "UpdateService")
    assert calls[0].error.startswith("EndpointUnreachable")

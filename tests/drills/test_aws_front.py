"""The users' way to a function: what the tap adds to the emulator's load balancer, against a real endpoint."""

import io
import zipfile
from collections import Counter
from urllib.parse import urlsplit

import pytest
import requests

from bench.endpoint import ministack
from drills.aws import AwsEndpoint
from drills.aws_front import AliasWeights, Balancer, LambdaFront
from harness.tap import Taps

CODE = """
def handler(event, context):
    told = event["path"] + " " + event["queryStringParameters"].get("q", "") + " " + (event.get("body") or "")
    return {"statusCode": 201, "headers": {"X-Version": "VERSION"}, "body": told}
"""


def package(version):
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", CODE.replace("VERSION", version))
    return code.getvalue()


@pytest.fixture(scope="module")
def balancer(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        endpoint = AwsEndpoint(url, "", "ministack")
        elb, functions = endpoint.client("elbv2"), endpoint.client("lambda")
        subnet = endpoint.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        made = elb.create_load_balancer(Name="app", Subnets=[subnet])["LoadBalancers"][0]["LoadBalancerArn"]
        group = elb.create_target_group(Name="app", TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        forward = [{"Type": "forward", "TargetGroupArn": group}]
        elb.create_listener(LoadBalancerArn=made, Protocol="HTTP", Port=80, DefaultActions=forward)
        functions.create_function(
            FunctionName="app",
            Runtime="python3.11",
            Role="arn:aws:iam::000000000000:role/x",
            Handler="app.handler",
            Code={"ZipFile": package("one")},
            Publish=True,
        )
        functions.update_function_code(FunctionName="app", ZipFile=package("two"), Publish=True)
        alias = functions.create_alias(FunctionName="app", Name="live", FunctionVersion="1")["AliasArn"]
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": alias}])
        yield Balancer("app", group, elb, functions), endpoint


def versions(balancer, endpoint, count):
    """Which versions answered ``count`` requests, and the last answer."""
    place = urlsplit(endpoint.load_balancer_url("app"))
    taps = Taps(pytest.fail)  # the users' requests are not calls of the path
    front = taps.open(endpoint.url, LambdaFront((AliasWeights(balancer, place.path),)), users=True)
    answers = [requests.post(f"{front.url}{place.path}/pages/1?q=a%20b", data="ü", timeout=20) for _ in range(count)]
    taps.close()
    assert {(each.status_code, each.text) for each in answers} == {(201, "/pages/1 a%20b ü")}
    return Counter(each.headers["X-Version"] for each in answers)


def test_without_weights_the_alias_version_answers(balancer):
    assert versions(*balancer, 5) == {"one": 5}


def test_weights_send_their_share_to_the_other_version_until_they_are_cleared(balancer):
    functions = balancer[0].functions
    weights = {"RoutingConfig": {"AdditionalVersionWeights": {"2": 0.5}}}
    functions.update_alias(FunctionName="app", Name="live", **weights)
    assert balancer[0].called() == ("live", {"1": 0.5, "2": 0.5})
    functions.update_alias(FunctionName="app", Name="live", FunctionVersion="1")  # L3: this leaves them
    seen = versions(*balancer, 30)
    assert 5 < seen["two"] < 25 and seen["one"] + seen["two"] == 30
    functions.update_alias(FunctionName="app", Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    assert versions(*balancer, 5) == {"one": 5}


def test_a_load_balancer_without_a_target_is_a_503(balancer):
    balancer, endpoint = balancer
    arn = balancer.functions.get_alias(FunctionName="app", Name="live")["AliasArn"]
    balancer.elb.deregister_targets(TargetGroupArn=balancer.group, Targets=[{"Id": arn}])
    place = urlsplit(endpoint.load_balancer_url("app"))
    taps = Taps(pytest.fail)
    front = taps.open(endpoint.url, LambdaFront((AliasWeights(balancer, place.path),)), users=True)
    assert balancer.called() == ("", {})
    assert requests.get(front.url + place.path, timeout=20).status_code == 503
    taps.close()

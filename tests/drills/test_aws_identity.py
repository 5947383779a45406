"""Who may sign a call."""

import pytest
from botocore.exceptions import ClientError


@pytest.mark.parametrize(
    ("service_name", "call", "code"),
    [
        ("ecs", "list_clusters", "UnrecognizedClientException"),
        ("elbv2", "describe_load_balancers", "InvalidClientTokenId"),
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
    ],
)
def test_a_key_that_does_not_exist_is_refused_in_the_services_own_words(tapped, service_name, call, code):
    tap = tapped()
    with pytest.raises(ClientError) as refused:
        getattr(tap.client(service_name, key="AKIAOFSOMEBODYELSE00"), call)()
    assert refused.value.response["Error"]["Code"] == code
    assert tap.calls[-1].by.startswith("rule aws-credentials (https://docs.aws.amazon.com/")


def test_a_role_is_good_until_it_expires(tapped):
    tap = tapped()
    given = tap.client("sts").assume_role(RoleArn="arn:aws:iam::000000000000:role/deployer", RoleSessionName="drill")
    key, secret, token, _ = given["Credentials"].values()
    ecs = tap.client("ecs", key=key, secret=secret, token=token)
    ecs.list_clusters()
    tap.clock = lambda: given["Credentials"]["Expiration"].timestamp() + 1
    with pytest.raises(ClientError) as refused:
        ecs.list_clusters()
    assert refused.value.response["Error"]["Code"] == "ExpiredTokenException"

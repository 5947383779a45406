"""Who may sign a call."""

import base64
import json
import secrets

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


ISSUER = "token.actions.githubusercontent.com"
MAIN, ELSEWHERE = "repo:team/shop:ref:refs/heads/main", "repo:team/shop:environment:rollback"


def trust(**conditions):
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::000000000000:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {name: {f"{ISSUER}:sub": subject} for name, subject in conditions.items()},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def token(**claims):
    def part(said):
        return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'iss': f'https://{ISSUER}', **claims})}.unsigned"


@pytest.mark.parametrize(
    ("policy", "shown", "code"),
    [
        (trust(StringEquals=MAIN), token(sub=MAIN), ""),
        (trust(StringEquals=[ELSEWHERE, MAIN]), token(sub=MAIN), ""),
        (trust(StringLike="repo:team/shop:*"), token(sub=ELSEWHERE), ""),
        (trust(StringEquals=MAIN), token(sub=ELSEWHERE), "AccessDenied"),
        (trust(StringLike="repo:team/other:*"), token(sub=ELSEWHERE), "AccessDenied"),
        (trust(StringEquals=MAIN, NumericEquals="1"), token(sub=MAIN), "AccessDenied"),
        (trust(StringEquals=MAIN), token(sub=MAIN, iss="https://elsewhere.example"), "AccessDenied"),
        (trust(StringEquals=MAIN).replace("WithWebIdentity", ""), token(sub=MAIN), "AccessDenied"),
        (trust(StringEquals=MAIN), "no token", "InvalidIdentityToken"),
    ],
    ids=["its", "one-of", "like", "another", "not-like", "unknown-operator", "issuer", "action", "no-token"],
)
def test_a_role_is_given_to_whom_it_trusts_and_its_key_is_good(tapped, policy, shown, code):
    tap = tapped()
    role = f"deploy-{secrets.token_hex(4)}"
    arn = tap.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    asked = {"RoleArn": arn, "RoleSessionName": "job", "WebIdentityToken": shown}
    if code:
        with pytest.raises(ClientError) as refused:
            tap.client("sts").assume_role_with_web_identity(**asked)
        assert refused.value.response["Error"]["Code"] == code
        assert tap.calls[-1].by.startswith("rule sts-trust-policy (https://docs.aws.amazon.com/STS/")
        return
    key, secret, session, _ = tap.client("sts").assume_role_with_web_identity(**asked)["Credentials"].values()
    tap.client("ecs", key=key, secret=secret, token=session).list_clusters()


def test_a_role_that_is_not_there_trusts_nobody(tapped):
    tap = tapped()
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        tap.client("sts").assume_role_with_web_identity(
            RoleArn="arn:aws:iam::000000000000:role/nobody", RoleSessionName="job", WebIdentityToken=token(sub=MAIN)
        )

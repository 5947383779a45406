#!/usr/bin/env python3
"""Puts a release out: `deploy.py --release v2 [--keep 10] [--target version] [--canary 0.5]`.

Uploads the code, publishes a version, moves the alias to it, deletes versions beyond the newest ``--keep``. The load
balancer calls the alias, or with ``--target version`` the version itself; what it no longer calls it may not invoke.
With ``--canary`` the alias stays where it is and sends that share of its calls to the new version. With
``--provisioned N`` the new version gets N environments before the alias moves, and the versions before lose theirs.

Environment: AWS_REGION, AWS_ENDPOINT_URL and credentials as boto3 reads them; LAMBDA_FUNCTION, LAMBDA_ALIAS,
LAMBDA_ROLE_ARN, LAMBDA_TARGET_GROUP_ARN (the load balancer's); QUEUE_URL and RECEIPTS, where the function has triggers.
Exit code: 0 deployed.
"""

import argparse
import io
import os
import time
import zipfile
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parents[1]


def package(release):
    """The zip file of a release: the app with the release's own files over it; ends the script where there is none."""
    if release not in [folder.name for folder in (HERE / "releases").iterdir()]:
        raise SystemExit(f"there is no release {release!r}")
    files = {
        file.relative_to(folder): file
        for folder in (HERE / "app", HERE / "releases" / release)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, file in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(str(name)), file.read_bytes())
    return buffer.getvalue()


def main():
    """Deploys what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--keep", type=int, default=10, help="versions that stay (default: 10)")
    parser.add_argument("--target", choices=("alias", "version"), default="alias", help="what the load balancer calls")
    parser.add_argument(
        "--canary", type=float, default=0.0, help="share of the calls for the new version (default: all)"
    )
    parser.add_argument("--provisioned", type=int, default=0, help="provisioned concurrency (default: none)")
    options = parser.parse_args()
    function, alias = os.environ["LAMBDA_FUNCTION"], os.environ["LAMBDA_ALIAS"]
    client = boto3.client("lambda")

    put_code(client, function, package(options.release))
    version = client.publish_version(FunctionName=function, Description=options.release)["Version"]
    if options.provisioned:
        provision(client, function, version, options.provisioned)
    point(client, function, alias, version, options.canary)
    expose(client, function, alias if options.target == "alias" else version)
    print(f"{function}:{alias} -> version {version} ({options.release})")
    if options.provisioned:
        withdraw(client, function, version)
    prune(client, function, version, options.keep)


def provision(client, function, qualifier, count, timeout=120):
    """Gives ``qualifier`` so many environments and waits until they are ready; ends the script where they are not."""
    names = {"FunctionName": function, "Qualifier": qualifier}
    client.put_provisioned_concurrency_config(**names, ProvisionedConcurrentExecutions=count)
    deadline = time.monotonic() + timeout
    while (status := client.get_provisioned_concurrency_config(**names)["Status"]) != "READY":
        if status == "FAILED" or time.monotonic() > deadline:
            raise SystemExit(f"provisioned concurrency of {function}:{qualifier}: {status}")
        time.sleep(0.5)
    print(f"{function}:{qualifier} has {count} environments")


def withdraw(client, function, live):
    """Takes the environments of other versions away: they cost money, and nobody calls them."""
    time.sleep(2)  # calls that were under way when the alias moved
    for each in client.list_versions_by_function(FunctionName=function)["Versions"]:
        if each["Version"] not in ("$LATEST", live):
            client.delete_provisioned_concurrency_config(FunctionName=function, Qualifier=each["Version"])


def put_code(client, function, code):
    """Creates the function, or gives it new code."""
    try:
        client.get_function_configuration(FunctionName=function)
    except client.exceptions.ResourceNotFoundException:
        variables = {name: os.environ[name] for name in ("QUEUE_URL", "RECEIPTS") if name in os.environ}
        client.create_function(
            FunctionName=function,
            Runtime="python3.11",
            Role=os.environ["LAMBDA_ROLE_ARN"],
            Handler="handler.handler",
            Code={"ZipFile": code},
            Environment={"Variables": variables},
            Timeout=10,
        )
        client.get_waiter("function_active_v2").wait(FunctionName=function)
        return
    client.update_function_code(FunctionName=function, ZipFile=code)
    client.get_waiter("function_updated_v2").wait(FunctionName=function)


def point(client, function, alias, version, canary):
    """Moves the alias, or a share of its calls; makes it where there is none."""
    moved = {} if canary else {"FunctionVersion": version}
    weights = {version: canary} if canary else {}
    try:
        client.update_alias(
            FunctionName=function, Name=alias, RoutingConfig={"AdditionalVersionWeights": weights}, **moved
        )
    except client.exceptions.ResourceNotFoundException:
        client.create_alias(FunctionName=function, Name=alias, FunctionVersion=version)


def expose(client, function, qualifier):
    """Makes ``function:qualifier`` the load balancer's only target, with the permission that it needs."""
    balancer, group = boto3.client("elbv2"), os.environ["LAMBDA_TARGET_GROUP_ARN"]
    arn = client.get_function_configuration(FunctionName=function)["FunctionArn"] + f":{qualifier}"
    found = balancer.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
    before = [each["Target"]["Id"] for each in found]
    if before == [arn]:
        return
    client.add_permission(
        FunctionName=function,
        Qualifier=qualifier,
        StatementId=f"load-balancer-{qualifier}",
        Action="lambda:InvokeFunction",
        Principal="elasticloadbalancing.amazonaws.com",
        SourceArn=group,
    )
    for old in before:
        balancer.deregister_targets(TargetGroupArn=group, Targets=[{"Id": old}])
    balancer.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])
    for old in (each.rsplit(":", 1)[-1] for each in before):
        client.remove_permission(FunctionName=function, Qualifier=old, StatementId=f"load-balancer-{old}")


def prune(client, function, live, keep):
    """Deletes the oldest versions."""
    found = client.list_versions_by_function(FunctionName=function)["Versions"]
    numbers = sorted((int(each["Version"]) for each in found if each["Version"] != "$LATEST"), reverse=True)
    for number in numbers[keep:]:
        if str(number) != live:
            client.delete_function(FunctionName=function, Qualifier=str(number))
            print(f"deleted version {number}")


if __name__ == "__main__":
    main()

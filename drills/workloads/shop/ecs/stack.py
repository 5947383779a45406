#!/usr/bin/env python3
"""Puts a release on the CloudFormation stack `shop`: `stack.py --release v1 --image REF [--tries 2]`.

The stack (stack.json) has the service, and a record of each release that is made before the service changes. The task
definition is registered by this script and handed over. Waits for the stack, then until ECS has done it.
Environment: as deploy.py. Exit code: 0 deployed, 1 CloudFormation refused or failed, or ECS did not finish in time.
"""

import argparse
import json
import time
import uuid
from pathlib import Path

import deploy
import taskdef
from botocore.exceptions import ClientError


def main():
    """Deploys what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--tries", type=int, default=1, help="how often, as a pipeline repeats a job (default: 1)")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait for each of both (default: 120)")
    options = parser.parse_args()

    arn = taskdef.register(taskdef.client("ecs"), "shop", options.release, options.image)
    for number in range(1, options.tries + 1):
        problem = put(options.release, arn, options.timeout)
        if not problem:
            deploy.wait(taskdef.client("ecs"), taskdef.setting("ECS_SERVICE"), arn, options.timeout)
            return
        print(f"try {number}: {problem}")
    raise SystemExit(f"{options.release} is not deployed")


def put(release, arn, timeout):
    """Creates or updates the stack and waits for it; what CloudFormation had against it, nothing where it is done."""
    cloudformation, token = taskdef.client("cloudformation"), str(uuid.uuid4())
    request = {
        "StackName": name(),
        "TemplateBody": json.dumps(template()),
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values(release, arn).items()],
        "Capabilities": ["CAPABILITY_IAM"],
        "ClientRequestToken": token,
    }
    known = [each["StackName"] for each in cloudformation.describe_stacks()["Stacks"]]
    try:
        (cloudformation.update_stack if name() in known else cloudformation.create_stack)(**request)
    except ClientError as refused:
        return str(refused)
    status = wait(cloudformation, timeout)
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        print(f"stack {name()}: {status}")
        return ""
    return f"{status}: {why(cloudformation, token)}"


def values(release, arn):
    """Parameters of the stack."""
    return {
        "Release": release,
        "TaskDefinition": arn,
        "Cluster": taskdef.setting("ECS_CLUSTER"),
        "Service": taskdef.setting("ECS_SERVICE"),
        "Subnet": taskdef.setting("ECS_SUBNET"),
        "TargetGroup": taskdef.setting("ECS_TARGET_GROUP_ARN"),
    }


def name():
    """The stack is called as its service."""
    return taskdef.setting("ECS_SERVICE")


def template():
    """stack.json, with the code of its function in it."""
    here = Path(__file__).parent
    found = json.loads((here / "stack.json").read_text())
    code = found["Resources"]["Recorder"]["Properties"]["Code"]
    code["ZipFile"] = (here / code["ZipFile"]).read_text()
    return found


def wait(cloudformation, timeout):
    """The stack's status, once nothing is in progress."""
    deadline, status = time.monotonic() + timeout, "unknown"
    while time.monotonic() < deadline:
        status = cloudformation.describe_stacks(StackName=name())["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.5)
    raise SystemExit(f"stack {name()} is still {status} after {timeout:.0f} s")


def why(cloudformation, token):
    """What CloudFormation says of the operation with this token: of the stack at the end, of what failed first."""
    events = cloudformation.describe_stack_events(StackName=name())["StackEvents"]
    failed = [
        (each["LogicalResourceId"], each.get("ResourceStatusReason", ""))
        for each in reversed(events)
        if each.get("ClientRequestToken") == token and each["ResourceStatus"].endswith("_FAILED")
    ]
    stack = [reason for resource, reason in failed if resource == name()]
    first = [f"cannot change {resource}: {reason}" for resource, reason in failed if resource != name()]
    return "\n".join([*stack[-1:], *first[:1]])


if __name__ == "__main__":
    main()

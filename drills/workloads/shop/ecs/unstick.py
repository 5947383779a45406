#!/usr/bin/env python3
"""Makes again what was deleted by hand, and brings the stack out of UPDATE_ROLLBACK_FAILED: `unstick.py`.

CloudFormation's drift detection says what is gone. A function is made again as the template has it; anything else wants
a person. Then the rollback is continued where it has failed; where it has not, drift is all that this looks for.
Environment: as stack.py. Exit code: 0 the stack can be updated, 1 it cannot.
"""

import argparse
import io
import time
import zipfile

import stack
import taskdef


def main():
    """Looks, mends, continues."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait (default: 60)")
    options = parser.parse_args()
    cloudformation = taskdef.client("cloudformation")
    status = stack.wait(cloudformation, options.timeout)
    gone = drifted(cloudformation, options.timeout)
    names = ", ".join(each["LogicalResourceId"] for each in gone)
    print(f"stack {stack.name()}: {status}, deleted by hand: {names or 'nothing'}")
    for each in gone:
        make_again(cloudformation, each)
    if status == "UPDATE_ROLLBACK_FAILED":
        cloudformation.continue_update_rollback(StackName=stack.name())
        status = stack.wait(cloudformation, options.timeout)
        print(f"rollback continued: {status}")
    if status.endswith("_FAILED"):
        raise SystemExit(f"stack {stack.name()} is {status}: it cannot be updated")


def drifted(cloudformation, timeout):
    """Resources of the stack that are not there any more."""
    detection = cloudformation.detect_stack_drift(StackName=stack.name())["StackDriftDetectionId"]
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        said = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=detection)
        if said["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        time.sleep(1)
    return cloudformation.describe_stack_resource_drifts(
        StackName=stack.name(), StackResourceDriftStatusFilters=["DELETED"]
    )["StackResourceDrifts"]


def make_again(cloudformation, gone):
    """The function that the template describes, under the name that it had."""
    if gone["ResourceType"] != "AWS::Lambda::Function":
        raise SystemExit(f"{gone['LogicalResourceId']} ({gone['ResourceType']}) is gone: make it again, then come back")
    wanted = stack.template()["Resources"][gone["LogicalResourceId"]]["Properties"]
    role = cloudformation.describe_stack_resource(
        StackName=stack.name(), LogicalResourceId=wanted["Role"]["Fn::GetAtt"][0]
    )["StackResourceDetail"]["PhysicalResourceId"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", wanted["Code"]["ZipFile"])
    functions = taskdef.client("lambda")
    functions.create_function(
        FunctionName=gone["PhysicalResourceId"],
        Role=taskdef.client("iam").get_role(RoleName=role)["Role"]["Arn"],
        Code={"ZipFile": code.getvalue()},
        **{key: wanted[key] for key in ("Runtime", "Handler", "Timeout")},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=gone["PhysicalResourceId"])
    print(f"made function {gone['PhysicalResourceId']} again")


if __name__ == "__main__":
    main()

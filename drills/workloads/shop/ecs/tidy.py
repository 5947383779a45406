#!/usr/bin/env python3
"""Deregisters old revisions of the task definition family `shop`: `tidy.py [--keep 5]`.

What many deploy tools do after a deployment, some of them by default with 1.
Environment: AWS_REGION, AWS_ENDPOINT_URL and credentials as boto3 reads them. Exit code: 0 done.
"""

import argparse

import taskdef


def main():
    """Keeps the newest revisions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=int, default=5, help="revisions that stay (default: 5)")
    options = parser.parse_args()
    ecs = taskdef.client("ecs")
    arns = ecs.list_task_definitions(familyPrefix="shop", status="ACTIVE", sort="DESC")["taskDefinitionArns"]
    mine = [arn for arn in arns if arn.rsplit("/", 1)[-1].startswith("shop:")]
    for arn in mine[options.keep :]:
        ecs.deregister_task_definition(taskDefinition=arn)
        print(f"deregistered {arn.rsplit('/', 1)[-1]}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Brings a deregistered revision back: `reregister.py --release v1`.

An INACTIVE revision can still be described: its content is registered as a new one, which the service is put on.
Environment: as taskdef.py, and ECS_SERVICE. Exit code: 0 the service is on it, 1 no revision runs that release.
"""

import argparse

import deploy
import taskdef

_COPIED = (
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "volumes"),
    *("placementConstraints", "requiresCompatibilities", "cpu", "memory", "runtimePlatform"),
)


def main():
    """Finds the newest INACTIVE revision of the release, copies it, deploys the copy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True, help="what the label shop.release of its container says")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait (default: 120)")
    options = parser.parse_args()
    ecs = taskdef.client("ecs")
    old = newest(ecs, options.release)
    copy = {key: value for key, value in old.items() if key in _COPIED and value not in (None, "", [], {})}
    service = taskdef.setting("ECS_SERVICE")
    arn = ecs.register_task_definition(**copy)["taskDefinition"]["taskDefinitionArn"]
    print(f"registered {arn.rsplit('/', 1)[-1]} with the content of {old['family']}:{old['revision']}")
    deploy.put_on_service(ecs, service, arn)
    deploy.wait(ecs, service, arn, options.timeout)


def newest(ecs, release):
    """The newest deregistered revision that runs ``release``."""
    arns = ecs.list_task_definitions(familyPrefix="shop", status="INACTIVE", sort="DESC")["taskDefinitionArns"]
    for arn in arns:
        found = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        if found["family"] == "shop" and runs(found, release):
            return found
    raise SystemExit(f"no deregistered revision of shop runs release {release}")


def runs(definition, release):
    """Whether one of its containers carries the release's label."""
    return any(
        each.get("dockerLabels", {}).get("shop.release") == release for each in definition["containerDefinitions"]
    )


if __name__ == "__main__":
    main()

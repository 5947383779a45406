#!/usr/bin/env python3
"""Puts the service on the newest usable task definition of a release: `roll-to.py RELEASE`.

It registers nothing and builds nothing: what ran is what runs again. Environment: see taskdef.py, and ECS_SERVICE.
Exit code: 0 the release is deployed; 1 there is no such task definition, or ECS did not finish in time.
"""

import sys

import deploy
import taskdef


def main():
    """Rolls the service to the release on the command line."""
    release = sys.argv[1]
    ecs = taskdef.client("ecs")
    arns = ecs.list_task_definitions(familyPrefix="shop", status="ACTIVE", sort="DESC")["taskDefinitionArns"]
    found = next((arn for arn in arns if release_of(ecs, arn) == release), None)
    if found is None:
        raise SystemExit(f"no ACTIVE task definition of family shop is of release {release!r}: nothing is changed")
    service = taskdef.setting("ECS_SERVICE")
    print(f"rolling {service} to {found.rsplit('/', 1)[-1]}, release {release}")
    deploy.put_on_service(ecs, service, found)
    deploy.wait(ecs, service, found, timeout=120)


def release_of(ecs, arn):
    """The release that a task definition was registered for; empty where it does not say."""
    definition = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    return definition["containerDefinitions"][0].get("dockerLabels", {}).get("shop.release", "")


if __name__ == "__main__":
    main()

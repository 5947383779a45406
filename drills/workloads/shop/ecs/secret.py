#!/usr/bin/env python3
"""Gives the secret of the database the shape that a release reads: `secret.py NAME --shape plain|json`, or `--restore`.

plain is the password, json a login with `username` and `password`. A secret that is not there is made; one that has the
shape stays as it is. --restore makes the version before the present one current again, and replaces every task: a task
reads its secrets when it starts, never later.
Environment: as deploy.py; DB_SECRET_ARN is where the password is now.
"""

import argparse
import json

import deploy
import taskdef


def main():
    """Does what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--shape", choices=["plain", "json"])
    action.add_argument("--restore", action="store_true", help="the version before, and new tasks")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait for the tasks (default: 120)")
    options = parser.parse_args()
    secrets = taskdef.client("secretsmanager")
    if options.restore:
        restore(secrets, options.name)
        replace_tasks(options.timeout)
    else:
        shape(secrets, options.name, options.shape)


def shape(secrets, name, wanted):
    """Puts a new version, unless the current one is so already."""
    password = plain(secrets.get_secret_value(SecretId=taskdef.setting("DB_SECRET_ARN"))["SecretString"])
    login = json.dumps({"username": taskdef.setting("DB_USER"), "password": password})
    value = password if wanted == "plain" else login
    known = [each["Name"] for each in secrets.list_secrets()["SecretList"]]
    if name not in known:
        secrets.create_secret(Name=name, SecretString=value)
    elif secrets.get_secret_value(SecretId=name)["SecretString"] == value:
        print(f"{name} is {wanted} already")
        return
    else:
        secrets.put_secret_value(SecretId=name, SecretString=value)
    print(f"{name} is {wanted} now")


def plain(secret):
    """The password of a secret of either shape."""
    return json.loads(secret)["password"] if secret.startswith("{") else secret


def restore(secrets, name):
    """Moves AWSCURRENT to the version that has AWSPREVIOUS."""
    stages = secrets.describe_secret(SecretId=name)["VersionIdsToStages"]
    current, previous = (
        next((version for version, held in stages.items() if stage in held), "")
        for stage in ("AWSCURRENT", "AWSPREVIOUS")
    )
    if not previous:
        raise SystemExit(f"{name} has no version before {current}")
    secrets.update_secret_version_stage(
        SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=previous, RemoveFromVersionId=current
    )
    print(f"{name}: version {previous} is current again")


def replace_tasks(timeout):
    """A new deployment of the task definition that the service is on."""
    ecs, service = taskdef.client("ecs"), taskdef.setting("ECS_SERVICE")
    changed = ecs.update_service(cluster=taskdef.setting("ECS_CLUSTER"), service=service, forceNewDeployment=True)
    deploy.wait(ecs, service, changed["service"]["taskDefinition"], timeout)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Migrates the database: `migrate.py --release v2 --image REF --revision 0004_rename [--downgrade]`.

Runs `alembic upgrade REVISION` (or downgrade) of that image as a one-off ECS task of the family `shop-migrate`,
waits until it has stopped, prints its log. Environment: see taskdef.py.
Exit code: the task's, or 1 where it did not start or did not stop in time.
"""

import argparse
import os
import time
from pathlib import Path

import taskdef


def main():
    """Migrates to what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--revision", required=True, help="Alembic revision")
    parser.add_argument("--downgrade", action="store_true", help="go back; the image has to know where it is now")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait (default: 120)")
    options = parser.parse_args()

    ecs = taskdef.client("ecs")
    definition = taskdef.register(ecs, "shop-migrate", options.release, options.image)
    task = start(ecs, definition, ["alembic", "downgrade" if options.downgrade else "upgrade", options.revision])
    stopped = wait(ecs, task, options.timeout)
    print_log(task)
    container = stopped["containers"][0]
    code = container.get("exitCode")
    print(f"migration to {options.revision}: exit code {code} {container.get('reason') or ''}".rstrip())
    if code is None:
        raise SystemExit(f"the task did not run: {stopped.get('stoppedReason')}")
    raise SystemExit(code)


def start(ecs, definition, command):
    """Starts the one-off task and returns its ARN."""
    answer = ecs.run_task(
        cluster=taskdef.setting("ECS_CLUSTER"),
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration=taskdef.network(),
        overrides={"containerOverrides": [{"name": "shop", "command": command}]},
    )
    if not answer["tasks"]:
        raise SystemExit(f"the task was not placed: {answer['failures']}")
    return answer["tasks"][0]["taskArn"]


def wait(ecs, task, timeout):
    """The task's last description, once it has stopped."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        described = ecs.describe_tasks(cluster=taskdef.setting("ECS_CLUSTER"), tasks=[task])["tasks"]
        if described and described[0]["lastStatus"] == "STOPPED":
            return described[0]
        time.sleep(0.3)
    ecs.stop_task(cluster=taskdef.setting("ECS_CLUSTER"), task=task, reason="migrate.py gave up waiting")
    raise SystemExit(f"{task} did not stop within {timeout:.0f} s; it was told to")


def print_log(task):
    """Prints the task's log; a log that cannot be had does not decide about the migration."""
    lines = log_lines(task)
    for line in lines or ["(the task wrote no log)"]:
        print(line)
        keep_cost(line)


def log_lines(task):
    """What the task wrote; nothing where it has no log."""
    logs = taskdef.client("logs")
    stream = f"shop/shop/{task.rsplit('/', 1)[-1]}"
    try:
        answer = logs.get_log_events(logGroupName="/ecs/shop-migrate", logStreamName=stream, startFromHead=True)
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for event in answer["events"]]


def keep_cost(line):
    """What a repairing migration counted goes to $DRILL_COSTS, where somebody wants to know."""
    if line.startswith('{"what":') and os.environ.get("DRILL_COSTS"):
        with Path(os.environ["DRILL_COSTS"]).open("a", encoding="utf-8") as costs:
            costs.write(line.rstrip() + "\n")


if __name__ == "__main__":
    main()

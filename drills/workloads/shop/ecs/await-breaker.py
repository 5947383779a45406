#!/usr/bin/env python3
"""Waits for ECS to roll the service back by itself: `await-breaker.py [--timeout 20]`.

Environment: see taskdef.py, and ECS_SERVICE.
Exit code: 0 the circuit breaker went back to the last good deployment, 1 it did not in time.
"""

import argparse
import time

import taskdef


def main():
    """Looks at the service's events until one says it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timeout", type=float, default=20, help="seconds to wait (default: 20)")
    options = parser.parse_args()
    ecs, deadline = taskdef.client("ecs"), time.monotonic() + options.timeout
    names = {"cluster": taskdef.setting("ECS_CLUSTER"), "services": [taskdef.setting("ECS_SERVICE")]}
    while time.monotonic() < deadline:
        service = ecs.describe_services(**names)["services"][0]
        if told := [each["message"] for each in service["events"] if "rolled back" in each["message"]]:
            print(told[0])
            return
        time.sleep(1)
    primary = next(each for each in service["deployments"] if each["status"] == "PRIMARY")
    raise SystemExit(
        f"the circuit breaker did not roll back within {options.timeout:g} s: "
        f"failedTasks {primary.get('failedTasks', 0)}, rolloutState {primary['rolloutState']}"
    )


if __name__ == "__main__":
    main()

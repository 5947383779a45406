#!/usr/bin/env python3
"""Runs the monthly batch: `bill.py --release v1 --image REF --period 2026-11`.

Runs `python3 -m shop.billing PERIOD` of that image as a one-off ECS task, waits until it has stopped, prints its log.
Environment: see taskdef.py. Exit code: the task's, or 1 where it did not start or did not stop in time.
"""

import argparse

import migrate
import taskdef


def main():
    """Bills what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--period", required=True)
    options = parser.parse_args()

    ecs = taskdef.client("ecs")
    definition = taskdef.register(ecs, "shop-migrate", options.release, options.image)
    task = migrate.start(ecs, definition, ["python3", "-m", "shop.billing", options.period])
    container = migrate.wait(ecs, task, 120)["containers"][0]
    migrate.print_log(task)
    raise SystemExit(container.get("exitCode", 1))


if __name__ == "__main__":
    main()

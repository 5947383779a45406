#!/usr/bin/env python3
"""Waits until the deployment that the service is on is complete: `wait-deployed.py [--timeout 60]`.

Environment: see taskdef.py, and ECS_SERVICE. Exit code: 0 complete, 1 given up or not in time.
"""

import argparse

import deploy
import taskdef


def main():
    """Waits for the service's own task definition."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--timeout", type=float, default=60, help="seconds to wait (default: 60)")
    options = parser.parse_args()
    ecs, service = taskdef.client("ecs"), taskdef.setting("ECS_SERVICE")
    found = ecs.describe_services(cluster=taskdef.setting("ECS_CLUSTER"), services=[service])["services"][0]
    print(f"{service} is on {found['taskDefinition'].rsplit('/', 1)[-1]}")
    deploy.wait(ecs, service, found["taskDefinition"], options.timeout)


if __name__ == "__main__":
    main()

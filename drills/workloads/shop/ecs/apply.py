#!/usr/bin/env python3
"""What applying the infrastructure code of a commit comes to: `apply.py --release v1 --image REF --desired 1|live`.

Registers the commit's task definition and puts the service on it with the number of tasks that the code says; `live`
stands for code that reads the number instead (`ignore_changes`, a data source).
Environment: as deploy.py. Exit code: 0 applied, 1 ECS gave the deployment up or did not finish it in time.
"""

import argparse

import deploy
import taskdef


def main():
    """Applies what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--desired", required=True, help="number of tasks in the code, or `live`")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait (default: 120)")
    options = parser.parse_args()

    ecs = taskdef.client("ecs")
    cluster, service = taskdef.setting("ECS_CLUSTER"), taskdef.setting("ECS_SERVICE")
    live = ecs.describe_services(cluster=cluster, services=[service])["services"][0]["desiredCount"]
    desired = live if options.desired == "live" else int(options.desired)
    arn = taskdef.register(ecs, "shop", options.release, options.image)
    ecs.update_service(cluster=cluster, service=service, taskDefinition=arn, desiredCount=desired)
    print(f"{service}: {arn.rsplit('/', 1)[-1]}, {live} -> {desired} tasks")
    deploy.wait(ecs, service, arn, options.timeout)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Puts a release on the service `shop`: `deploy.py --release v1 --image REF [--by-digest] [--secret NAME] [--worker]`.

Registers a revision of the task definition family `shop`, then creates the service or updates it,
and waits until ECS calls the deployment COMPLETED. Migrations are migrate.py's. With --worker all of it is about
the service and family `shop-worker`, one task that works on the job queue and has no load balancer.
Environment: see taskdef.py, and ECS_SERVICE (default: shop), ECS_TARGET_GROUP_ARN.
Exit code: 0 deployed, 1 ECS gave the deployment up or did not finish it in time.
"""

import argparse
import os
import time

import manifests
import taskdef

WORKER = "shop-worker"
WORK = ["sh", "-c", 'exec rq worker --url "redis://$REDIS_HOST:6379/0" --worker-class rq.SimpleWorker confirmations']
"""One process, no fork for each job: the library's imports would take longer than the job."""


def main():
    """Deploys what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--by-digest", action="store_true", help="what the image's tag names now, for good ($REGISTRY)")
    parser.add_argument("--desired", type=int, default=2, help="tasks of a new service (default: 2)")
    parser.add_argument("--secret", default="", help="name of the database's secret (default: $DB_SECRET_ARN)")
    parser.add_argument("--breaker", action="store_true", help="a new service gets a circuit breaker that rolls back")
    parser.add_argument("--min-healthy", type=int, default=100, help="per cent, of a new service (default: 100)")
    parser.add_argument("--worker", action="store_true", help="the worker, not the service itself")
    parser.add_argument("--timeout", type=float, default=120, help="seconds to wait (default: 120)")
    options = parser.parse_args()

    ecs = taskdef.client("ecs")
    if options.worker:
        arn = taskdef.register(ecs, WORKER, options.release, options.image, WORK)
        put_on_service(ecs, WORKER, arn, desiredCount=1)
        wait(ecs, WORKER, arn, options.timeout)
        return
    service = taskdef.setting("ECS_SERVICE")
    if options.secret:
        os.environ["DB_SECRET_ARN"] = taskdef.client("secretsmanager").describe_secret(SecretId=options.secret)["ARN"]
    image = manifests.pinned(options.image) if options.by_digest else options.image
    arn = taskdef.register(ecs, "shop", options.release, image)
    rules = {"minimumHealthyPercent": options.min_healthy}
    if options.breaker:
        rules["deploymentCircuitBreaker"] = {"enable": True, "rollback": True}
    put_on_service(ecs, service, arn, rules, desiredCount=options.desired, loadBalancers=[target()])
    wait(ecs, service, arn, options.timeout)


def target():
    """Where the load balancer finds the service."""
    group = taskdef.setting("ECS_TARGET_GROUP_ARN")
    return {"targetGroupArn": group, "containerName": "shop", "containerPort": 8080}


def put_on_service(ecs, service, arn, rules=None, **new):
    """Creates the service as ``new`` says where it is not there yet, else gives it the task definition only.

    ``rules`` are more of a new service's deployment configuration.
    """
    cluster = taskdef.setting("ECS_CLUSTER")
    found = ecs.describe_services(cluster=cluster, services=[service])["services"]
    if any(item["status"] == "ACTIVE" for item in found):
        ecs.update_service(cluster=cluster, service=service, taskDefinition=arn)
        print(f"updated service {service}")
        return
    ecs.create_service(
        cluster=cluster,
        serviceName=service,
        taskDefinition=arn,
        launchType="FARGATE",
        networkConfiguration=taskdef.network(),
        deploymentConfiguration={"minimumHealthyPercent": 100, "maximumPercent": 200, **(rules or {})},
        **new,
    )
    print(f"created service {service} with {new['desiredCount']} tasks")


def wait(ecs, service, arn, timeout):
    """Until the deployment of ``arn`` is COMPLETED; ends the script where it is not."""
    cluster = taskdef.setting("ECS_CLUSTER")
    started, state = time.monotonic(), "unknown"
    while time.monotonic() - started < timeout:
        deployments = ecs.describe_services(cluster=cluster, services=[service])["services"][0]["deployments"]
        mine = next((d for d in deployments if d["taskDefinition"] == arn), {"rolloutState": "replaced"})
        state = mine.get("rolloutState", "unknown")
        if state == "COMPLETED" and mine["runningCount"] >= mine["desiredCount"]:
            print(f"deployment COMPLETED after {time.monotonic() - started:.1f} s")
            return
        if state in ("FAILED", "replaced"):
            break
        time.sleep(0.5)
    raise SystemExit(f"deployment of {arn} did not complete: {state} after {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()

"""Platform ``ecs``: a cluster with a load balancer, looked at through the AWS API and judged by what tasks serve.

Rollout state, target health and waiters of the emulator are never asked for a judgement: it calls everything healthy.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import requests
from docker.errors import ImageNotFound
from pydantic import Field

from drills.aws import AwsEndpoint
from drills.aws_front import LambdaFront
from drills.container_logs import last_words, matching_lines
from drills.ecs_health import CLUSTER, TargetHealth, address_of
from harness.events import StackFact
from harness.model import ResidueClass
from harness.spi import Instance, Layers, Need, PlatformConfig, Run, Service, ServiceName

_FAMILY = "com.amazonaws.ecs.task-definition-family"
"""Label that the ECS agent puts on containers."""
_ASKED = 100
"""Tasks that DescribeTasks takes at a time (ECS API reference)."""
_ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
"""Trust policy of a task execution role (ECS developer guide, "Amazon ECS task execution IAM role")."""


class Ecs(PlatformConfig):
    """An ECS service behind an application load balancer."""

    uses: Literal["ecs"] = "ecs"
    endpoint: ServiceName = Field(default="aws", description="the `aws` service of this stack")
    service: str = Field(
        default="app", description="name of the ECS service, its task definition family and load balancer"
    )
    desired: int = Field(default=2, ge=1, le=10, description="tasks")
    port: int = Field(default=8080, ge=1, le=65535, description="port of the workload in its container")
    health_path: str = Field(default="/healthz", description="what the target group asks")
    replaces_unhealthy: bool = Field(
        default=False, description="whether tasks that fail the target group's health check are replaced, as AWS does"
    )
    version_path: str = Field(default="/version", description="answers JSON with `version`")
    database: ServiceName = Field(
        default="", description="a database service whose password becomes a Secrets Manager secret"
    )

    def needs(self) -> Sequence[Need]:
        """Tasks are real containers."""
        return (Need(kind="engine", name="container engine"),)

    def provision(self, run: Run, services: Mapping[str, Service]) -> RunningEcs:
        """Cluster, load balancer, target group, listener, and the database secret; no release yet."""
        endpoint = cast(AwsEndpoint, services[self.endpoint])
        endpoint.client("ecs").create_cluster(clusterName=CLUSTER)
        subnet = endpoint.client("ec2").describe_subnets()["Subnets"][0]
        target_group = self._load_balancer(endpoint, subnet)
        role = endpoint.client("iam").create_role(RoleName="drill-task-execution", AssumeRolePolicyDocument=_ASSUME)[
            "Role"
        ]["Arn"]
        secret = self._secret(endpoint, services[self.database]) if self.database else ""
        run.timeline.write(
            StackFact(
                name="platform",
                value=f"ECS by {endpoint.engine}, {self.desired} tasks as real containers",
                simulated=True,
            )
        )
        run.timeline.write(
            StackFact(name="load balancer, target health, Secrets Manager", value=endpoint.engine, simulated=True)
        )
        entry = endpoint.load_balancer_url(self.service)
        return RunningEcs(
            self,
            run,
            endpoint,
            self._checked(run, endpoint, target_group) if self.replaces_unhealthy else entry,
            {
                "ECS_CLUSTER": CLUSTER,
                "ECS_SERVICE": self.service,
                "ECS_SUBNET": subnet["SubnetId"],
                "ECS_TARGET_GROUP_ARN": target_group,
                "ECS_DESIRED_COUNT": str(self.desired),
                "ECS_EXECUTION_ROLE_ARN": role,
                "DB_SECRET_ARN": secret,
            },
        )

    def _load_balancer(self, endpoint: AwsEndpoint, subnet: Mapping[str, Any]) -> str:
        elb = endpoint.client("elbv2")
        balancer = elb.create_load_balancer(Name=self.service, Subnets=[subnet["SubnetId"]], Type="application")
        group = elb.create_target_group(
            Name=self.service,
            Protocol="HTTP",
            Port=self.port,
            VpcId=subnet["VpcId"],
            TargetType="ip",
            HealthCheckPath=self.health_path,
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return str(group)

    def _checked(self, run: Run, endpoint: AwsEndpoint, group: str) -> str:
        """The users' way, with somebody on it who asks the targets."""
        health = TargetHealth(self.service, group, endpoint.client("ecs"), endpoint.client("elbv2"))
        value = f"tasks that fail the load balancer's check are stopped by the drill, as {health.source}"
        run.timeline.write(StackFact(name="target health", value=value, simulated=True))
        front = run.taps.open(endpoint.url, LambdaFront((health,)), users=True)
        return front.url + urlsplit(endpoint.load_balancer_url(self.service)).path

    def _secret(self, endpoint: AwsEndpoint, database: Service) -> str:
        password = database.environment()["DB_PASSWORD"]
        created = endpoint.client("secretsmanager").create_secret(
            Name=f"{self.service}/db-password", SecretString=password
        )
        return str(created["ARN"])


@dataclass(frozen=True)
class RunningEcs:
    """The provisioned platform."""

    config: Ecs
    run: Run
    endpoint: AwsEndpoint
    entry_url: str
    """The load balancer."""
    variables: Mapping[str, str]

    def environment(self) -> Mapping[str, str]:
        """Names that the team's deploy and rollback scripts need. The password itself is not among them."""
        return self.variables

    def instances(self) -> Sequence[Instance]:
        """Running tasks of the service, each asked for its version at its own address.

        Between two tasks that crash none is running: then the last one that did stands for them, with its last words.
        """
        ecs = self.endpoint.client("ecs")
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=self.config.service, desiredStatus="RUNNING")["taskArns"]
        tasks = ecs.describe_tasks(cluster=CLUSTER, tasks=arns)["tasks"] if arns else []
        running = [self._instance(task) for task in tasks if task["lastStatus"] == "RUNNING"]
        trouble = self._trouble()
        if not running:
            return [Instance("task", "", trouble)] if trouble else self._crashed()
        return [replace(each, detail=each.detail or trouble) for each in running]

    def _trouble(self) -> str:
        """What ECS says of a deployment that does not become what was asked for, however well the service looks."""
        found = self.endpoint.client("ecs").describe_services(cluster=CLUSTER, services=[self.config.service])
        if not found["services"]:
            return ""
        deployments = found["services"][0]["deployments"]
        return _given_up(deployments) or self._not_started(deployments) or _no_room(found["services"][0])

    def _not_started(self, deployments: Iterable[Mapping[str, Any]]) -> str:
        wanted = {each["taskDefinition"] for each in deployments if each["runningCount"] < each["desiredCount"]}
        if not wanted:
            return ""
        ecs = self.endpoint.client("ecs")
        arns = ecs.list_tasks(cluster=CLUSTER, serviceName=self.config.service, desiredStatus="STOPPED")["taskArns"]
        for task in ecs.describe_tasks(cluster=CLUSTER, tasks=arns[-_ASKED:])["tasks"] if arns else ():
            if task["taskDefinitionArn"] in wanted and task.get("stopCode") == "TaskFailedToStart":
                return f"a task of {_revision(task['taskDefinitionArn'])} did not start: {task['stoppedReason']}"
        return ""

    def _crashed(self) -> Sequence[Instance]:
        family = f"{_FAMILY}={self.config.service}"
        said = last_words(self.run.containers.client, self.run.containers.network, family, family)
        return [Instance("task", "", f"no task is running, last words of the last one: {said}")] if said else []

    def _instance(self, task: Mapping[str, Any]) -> Instance:
        name = str(task["taskArn"]).rsplit("/", 1)[-1][:12]
        address = address_of(task)
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(f"http://{address}:{self.config.port}{self.config.version_path}", timeout=2)
            return Instance(name, str(answer.json()["version"]))
        except (requests.RequestException, ValueError, KeyError) as problem:
            return Instance(name, "", f"{address}: {type(problem).__name__}{self._last_words(task)}")

    def _last_words(self, task: Mapping[str, Any]) -> str:
        own, family = f"com.amazonaws.ecs.task-arn={task['taskArn']}", f"{_FAMILY}={self.config.service}"
        said = last_words(self.run.containers.client, self.run.containers.network, own, family)
        return f", its last words: {said}" if said else ""

    def logs(self, containing: str) -> Sequence[str]:
        """Lines of the tasks' containers."""
        family = f"{_FAMILY}={self.config.service}"
        return matching_lines(self.run.containers.client, self.run.containers.network, family, containing)

    def snapshot(self) -> Layers:
        """Service, task definition, artefact digests, environment, secrets by version."""
        ecs = self.endpoint.client("ecs")
        found = ecs.describe_services(cluster=CLUSTER, services=[self.config.service])["services"]
        if not found:
            return {}
        service = found[0]
        definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
        layers: Layers = {
            "service": {
                "task definition": _revision(str(service["taskDefinition"])),
                "desired count": str(service["desiredCount"]),
                "load balancers": _digest(service.get("loadBalancers", [])),
                "health check": self._health_check(),
            },
            "artefact": {},
            "configuration": {},
            "secrets": {},
        }
        for container in definition["containerDefinitions"]:
            self._container(container, layers)
        return layers

    def _health_check(self) -> str:
        """It lives on the target group, not on the service."""
        group = self.variables["ECS_TARGET_GROUP_ARN"]
        found = self.endpoint.client("elbv2").describe_target_groups(TargetGroupArns=[group])["TargetGroups"][0]
        return f"{found['HealthCheckPath']} on {found['HealthCheckPort']}"

    def _container(self, container: Mapping[str, Any], layers: Layers) -> None:
        name, image = container["name"], container["image"]
        layers["artefact"][f"{name} image"] = f"{image} {self._image_id(image)}"
        for variable in container.get("environment", []):
            layers["configuration"][f"{name} {variable['name']}"] = self.run.redactor.clean(str(variable["value"]))
        secrets = self.endpoint.client("secretsmanager")
        for secret in container.get("secrets", []):
            versions = secrets.describe_secret(SecretId=secret["valueFrom"])["VersionIdsToStages"]
            current = [version for version, stages in versions.items() if "AWSCURRENT" in stages]
            layers["secrets"][f"{name} {secret['name']}"] = f"version {', '.join(current)}"

    def _image_id(self, image: str) -> str:
        try:
            return str(self.run.containers.client.images.get(image).id)
        except ImageNotFound:
            return "(not on this host)"

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:
        """Another revision of the same artefact is harmless; anything else of this platform's is not."""
        if layer not in {"service", "artefact", "configuration", "secrets"}:
            return None
        if key == "task definition" and before.rsplit(":", 1)[0] == after.rsplit(":", 1)[0]:
            return ResidueClass.HARMLESS  # what the revision says is compared key by key in the other layers
        return ResidueClass.BREAKS_OLD_RELEASE


def _given_up(deployments: Iterable[Mapping[str, Any]]) -> str:
    for each in deployments:
        if each.get("rolloutState") == "FAILED":
            return f"ECS gave up the deployment of {_revision(each['taskDefinition'])}: {each['rolloutStateReason']}"
    return ""


def _no_room(service: Mapping[str, Any]) -> str:
    """Why a deployment waits that may neither start a task beside the old ones nor stop one of those."""
    deployments, rules = service["deployments"], service.get("deploymentConfiguration") or {}
    primary = next(each for each in deployments if each["status"] == "PRIMARY")
    running, desired = sum(each["runningCount"] for each in deployments), int(service["desiredCount"])
    most, least = rules.get("maximumPercent", 200), rules.get("minimumHealthyPercent", 100)
    waits = primary["runningCount"] + primary["pendingCount"] < desired
    if waits and running * 100 >= desired * most and running * 100 <= desired * least:
        told = f"{running} tasks run, as many as there is room for, and minimumHealthyPercent {least} keeps them all"
        return f"no room for a task of {_revision(primary['taskDefinition'])}: {told}"
    return ""


def _revision(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:12]

"""Platform ``lambda``: a function behind an alias, reached through a load balancer and through event sources.

Nothing of it needs a container engine: the embedded endpoint runs functions as processes of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import Field

from drills.aws import AwsEndpoint
from drills.aws_front import AliasWeights, Balancer, LambdaFront
from drills.aws_lambda_start import PROVISIONED, SNAPSTART, Environments, StartsOfCalls, StartsOfUsers
from drills.container_logs import telling
from harness.events import StackFact
from harness.model import ResidueClass
from harness.spi import Instance, Layers, PlatformConfig, Run, Service, ServiceName
from harness.units import Duration

_ASSUME = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
"""Trust policy of an execution role (Lambda developer guide, "Defining Lambda function permissions")."""
_NEWEST = "$LATEST"


class Lambda(PlatformConfig):
    """A Lambda function whose alias is what users reach."""

    uses: Literal["lambda"] = "lambda"
    endpoint: ServiceName = Field(default="aws", description="the `aws` service of this stack")
    function: str = Field(default="app", description="name of the function and of its load balancer")
    alias: str = Field(default="live", description="the alias that releases move")
    version_path: str = Field(default="/version", description="answers JSON with `version`")
    queue: str = Field(default="", description="name of a queue whose messages the function handles")
    table: str = Field(default="", description="name of a table that the function writes")
    init: Duration = Field(
        default=0.0, description="how long a new execution environment takes, where none is free or provisioned"
    )
    idle: Duration = Field(
        default=0.0, description="SnapStart: how long without a call until a version is inactive, for AWS' 14 days"
    )

    def provision(self, run: Run, services: Mapping[str, Service]) -> RunningLambda:
        """Role, load balancer, target group, listener; no function yet: releases bring it."""
        endpoint = cast(AwsEndpoint, services[self.endpoint])
        role = endpoint.client("iam").create_role(RoleName="drill-function", AssumeRolePolicyDocument=_ASSUME)["Role"]
        variables = {
            "LAMBDA_FUNCTION": self.function,
            "LAMBDA_ALIAS": self.alias,
            "LAMBDA_ROLE_ARN": str(role["Arn"]),
            "LAMBDA_TARGET_GROUP_ARN": (group := self._load_balancer(endpoint)),
        }
        if self.queue:
            variables["QUEUE_URL"] = f"{endpoint.url}/000000000000/{self.queue}"
        if self.table:
            variables["RECEIPTS"] = self.table
        value = f"Lambda by {endpoint.engine}, functions as processes"
        run.timeline.write(StackFact(name="platform", value=value, simulated=True))
        balancer = Balancer(self.function, group, endpoint.client("elbv2"), endpoint.client("lambda"))
        place = urlsplit(endpoint.load_balancer_url(self.function))
        weights = AliasWeights(balancer, place.path)
        run.timeline.write(StackFact(name="alias weights", value=f"by the drill, as {weights.source}", simulated=True))
        starts = self._starts(run, endpoint, balancer)
        front = run.taps.open(endpoint.url, LambdaFront((*starts, weights)), users=True)
        environments = starts[0].environments if starts else Environments(0.0, 0.0)
        return RunningLambda(self, endpoint, variables, balancer, front.url + place.path, environments)

    def _starts(self, run: Run, endpoint: AwsEndpoint, balancer: Balancer) -> tuple[StartsOfUsers, ...]:
        """What plays the start of execution environments, where the scenario wants it."""
        if not self.init:
            return ()
        environments = Environments(self.init, self.idle)
        endpoint.obey(StartsOfCalls(balancer, environments))
        value = f"a new environment takes {self.init:g} s, as {PROVISIONED}"
        if self.idle:
            value = f"inactive after {self.idle:g} s for 14 days, ready {self.init:g} s after a call, as {SNAPSTART}"
        run.timeline.write(StackFact(name="start of the function", value=value, simulated=True))
        return (StartsOfUsers(balancer, environments),)

    def _load_balancer(self, endpoint: AwsEndpoint) -> str:
        elb = endpoint.client("elbv2")
        subnet = endpoint.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
        balancer = elb.create_load_balancer(Name=self.function, Subnets=[subnet], Type="application")
        group = elb.create_target_group(Name=self.function, TargetType="lambda")["TargetGroups"][0]["TargetGroupArn"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
        )
        return str(group)


@dataclass(frozen=True)
class RunningLambda:
    """The provisioned platform."""

    config: Lambda
    endpoint: AwsEndpoint
    variables: Mapping[str, str]
    balancer: Balancer
    entry_url: str
    """The load balancer, with the weights that it leaves out."""
    environments: Environments

    def environment(self) -> Mapping[str, str]:
        """Names that the team's scripts need."""
        return self.variables

    def instances(self) -> Sequence[Instance]:
        """Every way to the code, asked for its version: the load balancer's target, each event source.

        An event source is one because it runs code too: a rollback that forgets it leaves the bad release at work.
        """
        try:
            targets = self._targets()
            ways = {**targets, **self._sources()}
        except (BotoCoreError, ClientError) as problem:
            return [Instance(self.config.function, "", str(problem))]
        asked = [self._asked(name, qualifier) for name, qualifier in ways.items()]
        return asked if targets else [Instance(self.config.function, "", "the load balancer has no target"), *asked]

    def _targets(self) -> dict[str, str]:
        """What the load balancer calls, and the version behind each."""
        called, shares = self.balancer.called()
        if called.isdigit():
            return {f"version {called}": called}
        return {f"alias {called}: version {version}, {share:.0%}": version for version, share in shares.items()}

    def _sources(self) -> dict[str, str]:
        mappings = self.endpoint.client("lambda").list_event_source_mappings(FunctionName=self.config.function)
        found: dict[str, str] = {}
        for mapping in mappings["EventSourceMappings"]:
            qualifier = str(mapping["FunctionArn"]).partition(f":function:{self.config.function}")[2].lstrip(":")
            source = str(mapping["EventSourceArn"]).rpartition(":")[2]
            found[f"trigger {source}: {qualifier or _NEWEST}"] = qualifier or _NEWEST
        return found

    def _asked(self, name: str, qualifier: str) -> Instance:
        if (state := self.environments.state(qualifier)) != "Active":
            return Instance(name, "", f"{state}: its snapshot was dropped, it has not been called for 14 days")
        event = {"httpMethod": "GET", "path": self.config.version_path, "headers": {}}
        try:
            answer = self.endpoint.client("lambda").invoke(
                FunctionName=self.config.function, Qualifier=qualifier, Payload=json.dumps(event)
            )
            return Instance(name, str(json.loads(json.loads(answer["Payload"].read())["body"])["version"]))
        except (BotoCoreError, ClientError, ValueError, KeyError, TypeError) as problem:
            return Instance(name, "", f"{type(problem).__name__}: {problem}")

    def logs(self, containing: str) -> Sequence[str]:
        """Lines that the function wrote to its log group."""
        try:
            events = self.endpoint.client("logs").filter_log_events(
                logGroupName=f"/aws/lambda/{self.config.function}", limit=10_000
            )["events"]
        except (BotoCoreError, ClientError):
            return []
        return telling((line for each in events for line in str(each["message"]).splitlines()), containing)

    def snapshot(self) -> Layers:
        """What load balancer and event sources lead to, which versions there are, and the function's environment."""
        client = self.endpoint.client("lambda")
        try:
            versions = list(self._versions(client))
        except client.exceptions.ResourceNotFoundException:
            return {}
        live = client.get_function_configuration(FunctionName=self.config.function, Qualifier=self.config.alias)
        variables = (live.get("Environment") or {}).get("Variables") or {}
        return {
            "targets": {name: self._asked(name, where).version for name, where in self._targets().items()},
            "triggers": {name: self._asked(name, where).version for name, where in self._sources().items()},
            "versions": {f"version {each['Version']}": str(each["CodeSha256"]) for each in versions},
            "configuration": {str(name): str(value) for name, value in variables.items()},
            "provisioned concurrency": {
                f"{'version ' * each.isdigit()}{each}": str(count)
                for each, count in self.balancer.provisioned(
                    (self.config.alias, *(str(each["Version"]) for each in versions))
                ).items()
            },
        }

    def _versions(self, client: Any) -> Iterator[Mapping[str, Any]]:
        pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=self.config.function)
        return (each for page in pages for each in page["Versions"] if each["Version"] != _NEWEST)

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A version more is harmless, and so is another number with the same code; anything else is not."""
        if layer not in {"targets", "triggers", "versions", "configuration", "provisioned concurrency"}:
            return None
        more = layer in {"versions", "provisioned concurrency"} and not before
        return ResidueClass.HARMLESS if more else ResidueClass.BREAKS_OLD_RELEASE

"""What breaks between a rollback and the AWS API: the key, the rights, the name of the endpoint."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from drills.aws import Aws, AwsEndpoint
from drills.aws_api import AwsDialect
from drills.aws_identity import Credentials
from harness.errors import EnvironmentProblem
from harness.sabotages import Armed, Ended, Saboteur, Site
from harness.sabotages.api import at_the_taps
from harness.scenario.models import Scenario
from harness.tap import Operation, Sabotage

_READS = ("Describe", "List", "Get", "Head", "BatchGet")
"""Beginnings of actions that change nothing, as AWS' own ReadOnlyAccess policy lists them."""
_NOWHERE = "aws.invalid"
"""A name that no resolver knows (RFC 6761, 6.4)."""


class AwsSaboteur(Saboteur):
    """Breaks something of the service `aws`."""

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """The stack has to have one."""
        found = any(isinstance(each, Aws) for each in scenario.stack.services.values())
        return None if found else "no AWS API in this stack"


class AwsCredentialExpired(AwsSaboteur):
    """The key of the team's commands is not good any more."""

    name = "aws-credential-expired"
    breaks = "the rollback's AWS credentials have expired"
    passes = True

    def arm(self, site: Site) -> Armed:
        """The tap's own rule about keys, told that this one has expired."""
        rule = next(each for each in _dialect(site).rules if isinstance(each, Credentials))
        rule.expire()

        def undo() -> Ended:
            rule.renew()
            return Ended()

        return Armed("the access key of the commands has expired", undo)


class AwsPermissionDenied(AwsSaboteur):
    """The rollback may look, and change nothing."""

    name = "aws-permission-denied"
    breaks = "the rollback's AWS identity may read everything and change nothing"

    def arm(self, site: Site) -> Armed:
        """Every action that changes something is refused at the tap."""
        return at_the_taps(site, _Writes("deny", "*", "*", spec=self.name))


class AwsDnsDown(AwsSaboteur):
    """The name of the API cannot be resolved where the team's commands run."""

    name = "aws-dns-down"
    breaks = "the name of the AWS API cannot be resolved where the rollback runs"
    passes = True
    simulated = True

    def arm(self, site: Site) -> Armed:
        """The endpoint of the commands by a name that nobody knows."""
        place = urlsplit(_endpoint(site).environment()["AWS_ENDPOINT_URL"])
        try:
            socket.getaddrinfo(_NOWHERE, place.port)
        except socket.gaierror as problem:
            what = f"{_NOWHERE} in place of {place.hostname}: {problem.strerror}"
            return Armed(what, Ended, {"AWS_ENDPOINT_URL": f"{place.scheme}://{_NOWHERE}:{place.port}"})
        raise EnvironmentProblem(f"the resolver of this host has an address for {_NOWHERE}")


class _Writes(Sabotage):
    """Hits what is no reading action."""

    def hits(self, operation: Operation) -> bool:
        return not operation.action.startswith(_READS) and super().hits(operation)


def _endpoint(site: Site) -> AwsEndpoint:
    return next(each for each in site.bench.services.values() if isinstance(each, AwsEndpoint))


def _dialect(site: Site) -> AwsDialect:
    dialect = _endpoint(site).dialect
    assert dialect is not None  # a started endpoint is behind its tap
    return dialect

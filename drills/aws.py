"""Stack service ``aws``: one endpoint that speaks the AWS APIs, from one of several engines.

``ministack`` (embedded, from PyPI) is started by the drill; ``localstack`` runs from an image with a token; any other
endpoint is used as it is when the guard lets it. Platforms see only ``AwsEndpoint``.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import boto3
import botocore.session
import requests
from botocore.config import Config
from localstack_client.config import get_service_port
from pydantic import Field, model_validator

from drills import aws_objects
from drills.aws_api import AwsDialect
from drills.aws_identity import KEY
from drills.aws_room import ClusterRoom
from harness.errors import EnvironmentProblem, ProvisionProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.tap import Rule
from harness.units import Duration

REGION = "eu-central-1"
FAKE_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": "drill-local-only",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_PAGER": "",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
"""All that commands ever see as AWS identity; the caller's own never leaves the caller's shell."""
_NO_PROFILE = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None)) | {
    "profile": (None, None, None, None)
}
"""Session variables of botocore that would otherwise read the caller's files and $AWS_PROFILE."""
_ANCHOR_RECIPE = "debian"
_CONCURRENCY = "10"
"""Invocations at a time, then 429: what AWS allows a new account (Lambda quotas). Without a limit, a host that is busy
for a moment gets a process for every late request of an open-loop probe, and never catches up."""


class Aws(ServiceConfig):
    """The AWS endpoint of a stack."""

    uses: Literal["aws"] = "aws"
    engine: Literal["ministack", "localstack", "endpoint"] = Field(
        default="ministack", description="who answers the API"
    )
    endpoint_url: str = Field(default="", description="engine `endpoint`: where it is; the guard must allow it")
    image: str = Field(default="", description="engine `localstack`: the image")
    token_env: str = Field(default="LOCALSTACK_AUTH_TOKEN", description="engine `localstack`: variable with the token")
    port: int | None = Field(
        default=None, ge=1, le=65535, description="engine `ministack`: port on 127.0.0.1; a free one when left out"
    )
    containers: bool = Field(default=True, description="whether the drill runs containers through it (ECS)")
    room: int | None = Field(
        default=None, ge=1, description="tasks that the ECS cluster has room for; any number when left out"
    )
    timeout: Duration = Field(default=60.0, description="until it answers")

    @model_validator(mode="after")
    def _belongs(self) -> Self:
        if bool(self.endpoint_url) != (self.engine == "endpoint"):
            raise ValueError("`endpoint_url` exactly with `engine: endpoint`")
        if bool(self.image) != (self.engine == "localstack"):
            raise ValueError("`image` exactly with `engine: localstack`")
        return self

    def endpoints(self) -> Sequence[str]:
        """The foreign endpoint, where there is one."""
        return (self.endpoint_url,) if self.endpoint_url else ()

    def needs(self) -> Sequence[Need]:
        """An engine and the anchor's image where containers are wanted."""
        if self.engine == "ministack" and self.containers:
            return (Need(kind="engine", name="container engine"), Need(kind="image", name=_ANCHOR_RECIPE))
        return (Need(kind="engine", name="container engine"),) if self.engine == "localstack" else ()

    def start(self, name: str, run: Run) -> AwsEndpoint:
        """Start the engine and wait until it answers."""
        starters = {"ministack": self._ministack, "localstack": self._localstack, "endpoint": self._foreign}
        endpoint = starters[self.engine](name, run)
        if wait_until(endpoint.health, self.timeout) is None:
            raise ProvisionProblem(
                f"the AWS endpoint {endpoint.url} ({self.engine}) did not answer within {self.timeout:g} s",
                next_step=f"its log is {run.folder / 'logs' / name}.log",
            )
        run.timeline.write(
            StackFact(name="AWS endpoint", value=endpoint.description, simulated=self.engine != "endpoint")
        )
        limits = (ClusterRoom(self.room),) if self.room else ()
        for each in limits:
            value = f"room for {each.tasks} tasks, as {each.source}"
            run.timeline.write(StackFact(name="ECS cluster", value=value, simulated=True))
        dialect = AwsDialect(limits)
        return replace(endpoint, tapped=run.taps.open(endpoint.url, dialect).url, dialect=dialect)

    def _ministack(self, name: str, run: Run) -> AwsEndpoint:
        port = self.port or _free_port()
        _require_free(port)
        identity = f"drill-{run.id}"
        env = {
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "MINISTACK_HOSTNAME": identity,
            "MINISTACK_HOST": "127.0.0.1",
            "MINISTACK_REGION": REGION,
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            "LAMBDA_ACCOUNT_CONCURRENCY": _CONCURRENCY,
            "S3_DATA_DIR": str(run.scratch / "s3"),
            "STATE_DIR": str(run.scratch / "ministack"),
            **FAKE_CREDENTIALS,
        }
        if self.containers:
            # ministack puts tasks on the network of the container that it believes to run in.
            anchor = run.containers.start(
                f"{name}-anchor", run.images.resolve(_ANCHOR_RECIPE).tag, command=["sleep", "infinity"]
            )
            env["HOSTNAME"] = anchor.name
            label = f"ministack.instance={identity}:{port}"
            run.ledger.plan(Undo(kind="docker.labelled", what=f"containers labelled {label}", params={"label": label}))
        # Undone before the line above: a living emulator would replace the tasks that a reaper removes.
        run.ledger.plan(Undo(kind="processes", what=f"AWS endpoint on port {port}", params={"run": run.id}))
        (run.folder / "logs").mkdir(exist_ok=True)
        with (run.folder / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("ministack"))],
                env=run.environment(env),
                cwd=run.scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return AwsEndpoint(f"http://127.0.0.1:{port}", "/_ministack/health", "ministack", process=process)

    def _localstack(self, name: str, run: Run) -> AwsEndpoint:
        token = os.environ.get(self.token_env, "")
        if not token:
            raise EnvironmentProblem(
                f"engine localstack wants a token in ${self.token_env}, and it is not set",
                next_step="set it, or use the embedded engine: `engine: ministack`",
            )
        run.redactor.add(token)
        container = run.containers.start(name, self.image, env={"LOCALSTACK_AUTH_TOKEN": token})
        return AwsEndpoint(f"http://{container.address}:{get_service_port('ecs')}", "/_localstack/health", "localstack")

    def _foreign(self, _name: str, _run: Run) -> AwsEndpoint:
        return AwsEndpoint(self.endpoint_url.rstrip("/"), "", "endpoint")


@dataclass(frozen=True)
class AwsEndpoint:
    """A running endpoint."""

    url: str
    health_path: str
    engine: str
    tapped: str = ""
    """The same endpoint behind the tap: what the team's commands get."""
    dialect: AwsDialect | None = None
    """The tap's; a platform may have rules of its own for it."""
    process: subprocess.Popen[bytes] | None = None
    """The embedded engine; another one that answers in its place, on its port, would be somebody else's."""

    @property
    def description(self) -> str:
        """Engine, version where it tells one, and address."""
        version = (self.health() or {}).get("version", "")
        return f"{self.engine} {version}".strip() + f" at {self.url}"

    def client(self, service: str) -> Any:
        """A boto3 client of ``service`` at this endpoint, deaf to the caller's AWS variables, profiles and proxies."""
        session = boto3.session.Session(
            botocore_session=botocore.session.Session(session_vars=_NO_PROFILE),
            region_name=REGION,
            aws_access_key_id=FAKE_CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=FAKE_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
        config = Config(proxies={}, connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 2})
        return session.client(service, endpoint_url=self.url, config=config)

    def obey(self, rule: Rule) -> None:
        """From now on the commands' calls are subject to ``rule`` too."""
        if self.dialect:
            self.dialect.rules = (*self.dialect.rules, rule)

    def load_balancer_url(self, name: str) -> str:
        """Where users reach the load balancer ``name``."""
        return f"{self.url}/_alb/{name}"

    def health(self) -> dict[str, Any] | None:
        """What it says of itself; None while it does not answer, or once its process is gone."""
        if self.process and self.process.poll() is not None:
            return None
        try:
            with requests.Session() as session:
                session.trust_env = False
                answer = session.get(self.url + self.health_path, timeout=3)
            return dict(answer.json()) if self.health_path else {}
        except (requests.RequestException, ValueError):
            return None

    def environment(self) -> Mapping[str, str]:
        """Endpoint and local-only identity for the team's commands."""
        return {"AWS_ENDPOINT_URL": self.tapped or self.url, **FAKE_CREDENTIALS}

    def names(self) -> Mapping[str, str]:
        """``url`` and ``region``."""
        return {"url": self.url, "region": REGION}

    def snapshot(self) -> Layers:
        """The object store; platforms know which of the other resources matter.

        An endpoint that the run did not start may hold objects of others, as many as they like: it is not asked.
        """
        return {} if self.engine == "endpoint" else aws_objects.objects(self.client("s3"))

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """What a difference in the object store means."""
        return aws_objects.classify(layer, before)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _require_free(port: int) -> None:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError as problem:
            raise EnvironmentProblem(
                f"port {port} of 127.0.0.1 is taken: {problem.strerror}",
                next_step=f"`ss -ltnp 'sport = :{port}'` names the owner; without `port` the drill takes a free one",
            ) from problem

"""Containers and the network of one run: labelled, in the undo ledger before they exist, reached by address.

The network is internal: nothing on it can reach anything but the run itself, and nothing is published on the host.
The host reaches containers by their address on the bridge, which is how Linux lays Docker bridges out.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
from docker.errors import DockerException
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer

from harness.errors import EnvironmentProblem, ProvisionProblem
from harness.ledger import Ledger, Undo

RUN_LABEL = "drill.run"
FOLDER_LABEL = "drill.folder"
"""Label with the run's folder: how a reaper in another checkout finds the lock that says whether the run lives."""

# The undo ledger reaps more than Ryuk can (processes, clusters, files), and Ryuk's image cannot be pulled everywhere.
testcontainers_config.ryuk_disabled = True
logging.getLogger("testcontainers").setLevel(logging.WARNING)


def engine_client() -> docker.DockerClient:
    """A client of the container engine that the environment names.

    Raises:
        EnvironmentProblem: no engine answers.
    """
    try:
        client = docker.from_env(timeout=30)
        client.ping()
    except DockerException as problem:
        raise EnvironmentProblem(
            f"no container engine answers: {problem}",
            next_step="`drill doctor --fix` installs and starts one where it may; `drill doctor` says what is missing",
        ) from problem
    return client


@dataclass
class Containers:
    """Starts containers of run ``run`` on a network that is made when the first one needs it."""

    run: str
    folder: Path
    ledger: Ledger
    _client: docker.DockerClient | None = None
    _network: str = field(default="", init=False)

    @property
    def client(self) -> docker.DockerClient:
        """The engine; connected on first use, so that drills without containers need none."""
        if self._client is None:
            self._client = engine_client()
        return self._client

    @property
    def labels(self) -> dict[str, str]:
        """Labels of everything that this run makes."""
        return {RUN_LABEL: self.run, FOLDER_LABEL: str(self.folder)}

    def name(self, part: str) -> str:
        """Full name of a resource of this run."""
        return f"drill-{self.run}-{part}"

    @property
    def network(self) -> str:
        """Name of the run's own network."""
        if not self._network:
            name = self.name("net")
            self.ledger.plan(Undo(kind="docker.network", what=f"network {name}", params={"name": name}))
            try:
                self.client.networks.create(name, driver="bridge", internal=True, labels=self.labels)
            except DockerException as problem:
                raise ProvisionProblem(
                    f"cannot create network {name}: {problem}",
                    next_step="`docker network prune` frees address pools; `drill reap` removes what dead runs left",
                ) from problem
            self._network = name
        return self._network

    @property
    def gateway(self) -> str:
        """Address of this host on the run's network: containers reach what listens there, and nothing behind it."""
        network = self.client.networks.get(self.network)
        return str(network.attrs["IPAM"]["Config"][0]["Gateway"])

    def start(
        self,
        part: str,
        image: str,
        *,
        env: Mapping[str, str] | None = None,
        command: str | list[str] | None = None,
        **options: Any,
    ) -> RunningContainer:
        """Start ``image`` as container ``part`` of this run, with the alias ``part`` on the run's network.

        Args:
            options: passed to the Docker SDK's ``containers.run`` as they are.

        Raises:
            ProvisionProblem: it does not start.
        """
        network, name = self.network, self.name(part)
        self.ledger.plan(Undo(kind="docker.container", what=f"container {name}", params={"name": name}))
        container = DockerContainer(image).with_name(name).with_envs(**(env or {}))
        container = container.with_kwargs(
            labels=self.labels,
            network=network,
            networking_config={network: self.client.api.create_endpoint_config(aliases=[part])},
            **options,
        )
        if command is not None:
            container = container.with_command(command)
        try:
            container.start()
        except DockerException as problem:
            raise ProvisionProblem(f"container {name} from {image} does not start: {problem}") from problem
        return RunningContainer(name, self.client.containers.get(name), network)


@dataclass(frozen=True)
class RunningContainer:
    """A container of this run."""

    name: str
    handle: Any
    network: str

    @property
    def address(self) -> str:
        """Its address on the run's network."""
        self.handle.reload()
        return str(self.handle.attrs["NetworkSettings"]["Networks"][self.network]["IPAddress"])

    def tail(self, lines: int = 20) -> str:
        """Its last log lines, for an error message."""
        return str(self.handle.logs(tail=lines).decode("utf-8", "replace")).strip()

    def running(self) -> bool:
        """Whether it still runs."""
        self.handle.reload()
        return bool(self.handle.status == "running")

"""Stack service ``kubernetes-cluster``: a kind cluster of the run's own, or a namespace in one that is there.

kind's nodes sit on the run's internal network like every other container of the run. The host reaches the API server
and NodePorts at the node's address on the bridge; nothing is published.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

import psutil
import yaml
from pydantic import Field, model_validator

from drills.kube_access import Api, api_client, namespace_name, read_kubeconfig, server_of, write_kubeconfig
from drills.kube_tools import tool_folder
from harness.containers import engine_client
from harness.errors import ProvisionProblem
from harness.ledger import Undo
from harness.limits import POLL, wait_until
from harness.model import ResidueClass
from harness.process import RUN_MARKER, run_command
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.timeline import StackFact
from harness.undo import remove_labelled
from harness.units import Duration

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
"""Label that kind puts on every node container (kind, pkg/cluster/internal/providers/docker/constants.go)."""
_API_PORT = 6443
_GONE = 30.0
"""Seconds until the removed nodes of a cluster have to be gone."""


class KubernetesCluster(ServiceConfig):
    """A Kubernetes cluster and a namespace of the run's own in it."""

    uses: Literal["kubernetes-cluster"] = "kubernetes-cluster"
    source: Literal["kind", "existing"] = Field(
        default="kind", description="`kind`: a cluster of this run's own; `existing`: one that `context` names"
    )
    context: str = Field(default="", description="context of your kubeconfig, for `source: existing`")
    kind_name: str = Field(
        default="", description="name of the kind cluster behind `context`, where images get in by `kind load`"
    )
    recipe: str = Field(default="kind-node", description="image recipe of the node, for `source: kind`")
    timeout: Duration = Field(default=240.0, description="until the cluster is ready")

    @model_validator(mode="after")
    def _context_of_an_existing_one(self) -> Self:
        if (self.source == "existing") != bool(self.context):
            raise ValueError("`context` exactly where `source` is `existing`")
        return self

    def needs(self) -> Sequence[Need]:
        """For a kind cluster the engine, its command line (kind uses it) and the node image."""
        if self.source == "existing":
            return ()
        return (
            Need(kind="engine", name="container engine"),
            Need(kind="tool", name="docker"),
            Need(kind="image", name=self.recipe),
        )

    def provides(self) -> Sequence[str]:
        """kind and kubectl come with the node image; those on PATH are taken first."""
        return ("kind", "kubectl") if self.source == "kind" else ()

    def endpoints(self) -> Sequence[str]:
        """The API server of an existing cluster: the guard decides whether it may be touched."""
        return () if self.source == "kind" else (server_of(read_kubeconfig(self.context)),)

    def start(self, name: str, run: Run) -> RunningCluster:
        """Make or join the cluster, wait until its node and its DNS are ready, make the namespace."""
        running = self._own(run) if self.source == "kind" else self._existing(run)
        running.make_namespace(undo=self.source == "existing")  # one of the run's own goes with its cluster
        version = running.version()
        where = f"kind, node image {self.recipe}" if self.source == "kind" else f"context {self.context}"
        run.timeline.write(StackFact(name=name, value=f"Kubernetes {version} ({where})"))
        return running

    def _own(self, run: Run) -> RunningCluster:
        name = f"drill-{run.id.lower()}"
        image = run.images.resolve(self.recipe)
        tools = tool_folder(run, image)
        network = run.containers.network
        run.ledger.plan(Undo(kind="kind.cluster", what=f"kind cluster {name}", params={"name": name, "run": run.id}))
        env = run.environment(
            {
                "KIND_EXPERIMENTAL_DOCKER_NETWORK": network,
                "KUBECONFIG": str(run.scratch / "kind-kubeconfig"),
                **_path(run, tools),
            }
        )
        config = run.scratch / "kind.yaml"
        config.write_text(yaml.safe_dump(_config(name, image.tag)), encoding="utf-8")
        log = _log(run, "kind-create.log")
        made = run_command(
            ["kind", "create", "cluster", "--name", name, "--config", str(config)],
            env=env,
            cwd=run.scratch,
            timeout=self.timeout,
            log=log,
        )
        # kind ends with an error where nothing is published: it cannot write a kubeconfig for a port of the host.
        # Its last step is exactly that, so the cluster itself decides.
        kubeconfig = _kubeconfig(run, name, tools)
        if kubeconfig is None:
            raise ProvisionProblem(
                f"kind cluster {name} was not made: {made.output.splitlines()[-1] if made.output else 'no output'}",
                next_step=f"read {log}",
            )
        address = _node_address(run, name, network)
        kubeconfig["clusters"][0]["cluster"]["server"] = f"https://{address}:{_API_PORT}"
        running = self._running(run, kubeconfig, address, tools, name)
        if wait_until(running.ready, self.timeout) is None:
            raise ProvisionProblem(
                f"kind cluster {name} is not ready after {self.timeout:g} s: {running.unready()}",
                next_step=f"read {log}",
            )
        return running

    def _existing(self, run: Run) -> RunningCluster:
        running = self._running(run, read_kubeconfig(self.context), "", None, self.kind_name)
        running.address = running.node_address()
        return running

    def _running(
        self, run: Run, kubeconfig: dict[str, Any], address: str, tools: Path | None, kind_name: str
    ) -> RunningCluster:
        namespace = namespace_name(run.id)
        file = write_kubeconfig(kubeconfig, run.scratch / "kubeconfig", namespace)
        return RunningCluster(run, file, namespace, address, tools, kind_name)


@dataclass
class RunningCluster:
    """A cluster that answers, and the run's namespace in it."""

    run: Run
    kubeconfig: Path
    namespace: str
    address: str
    """Where the host reaches NodePorts."""
    tools: Path | None
    kind_name: str

    def environment(self) -> Mapping[str, str]:
        """``KUBECONFIG`` whose context is the run's namespace; ``KIND_CLUSTER`` where images are loaded by kind."""
        variables = {"KUBECONFIG": str(self.kubeconfig), "KUBE_NAMESPACE": self.namespace}
        if self.kind_name:
            variables["KIND_CLUSTER"] = self.kind_name
        return {**variables, **_path(self.run, self.tools)}

    def names(self) -> Mapping[str, str]:
        """``namespace``, ``address``, ``kind`` (name of the kind cluster)."""
        return {"namespace": self.namespace, "address": self.address, "kind": self.kind_name}

    def api(self) -> Api:
        """Clients for this cluster."""
        return api_client(self.kubeconfig)

    def version(self) -> str:
        """Version of the API server."""
        return str(self.api().version.get_code().git_version)

    def make_namespace(self, *, undo: bool) -> None:
        """A namespace of the run's own; everything of the run goes with it."""
        if undo:
            params = {"kubeconfig": str(self.kubeconfig), "namespace": self.namespace}
            self.run.ledger.plan(Undo(kind="kubernetes.namespace", what=f"namespace {self.namespace}", params=params))
        self.api().core.create_namespace(
            {"metadata": {"name": self.namespace, "labels": {"drill.run": self.run.id.lower()}}}
        )

    def ready(self) -> bool | None:
        """True when every node and every pod of the system is ready; None until then."""
        return None if self.unready() else True

    def unready(self) -> str:
        """What is not ready yet; empty when everything is."""
        try:
            core = self.api().core
            nodes = [each for each in core.list_node().items if not _is_ready(each)]
            pods = core.list_namespaced_pod("kube-system").items
            waiting = [each for each in (*nodes, *pods) if not _is_ready(each)]
        except OSError as problem:
            return str(problem)
        if not any(each.metadata.name.startswith("coredns") for each in pods):
            return "CoreDNS is not there"
        return ", ".join(each.metadata.name for each in waiting)

    def node_address(self) -> str:
        """Address of the first node, as the cluster says it."""
        for node in self.api().core.list_node().items:
            for address in node.status.addresses:
                if address.type == "InternalIP":
                    return str(address.address)
        raise ProvisionProblem("the cluster has no node with an address", next_step="kubectl get nodes -o wide")

    def snapshot(self) -> Layers:
        """Nothing of its own: what a release changes belongs to the platform."""
        return {}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """No opinion."""
        return None


def _is_ready(thing: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in thing.status.conditions or [])


def _config(name: str, image: str) -> dict[str, Any]:
    """One node. The feature gate turns writes that need CAP_SYS_RESOURCE into warnings (KEP-2033)."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": name,
        "featureGates": {"KubeletInUserNamespace": True},
        "nodes": [{"role": "control-plane", "image": image}],
    }


def _path(run: Run, tools: Path | None) -> dict[str, str]:
    """PATH with the node image's own programs at its end: what the user has comes first."""
    if tools is None:
        return {}
    return {"PATH": os.pathsep.join((run.environment()["PATH"], str(tools)))}


def _log(run: Run, name: str) -> Path:
    folder = run.folder / "logs"
    folder.mkdir(exist_ok=True)
    return folder / name


def _kubeconfig(run: Run, name: str, tools: Path) -> dict[str, Any] | None:
    """What kind says about a cluster that it made; None where there is none. Never in a folder that is kept."""
    output = run.scratch / f"{name}.kubeconfig"
    told = run_command(
        ["kind", "get", "kubeconfig", "--internal", "--name", name],
        env=run.environment(_path(run, tools)),
        cwd=run.scratch,
        timeout=30,
        log=output,
    )
    if not told.ok:
        return None
    found: dict[str, Any] = yaml.safe_load(output.read_text(encoding="utf-8"))
    return found


def _node_address(run: Run, cluster: str, network: str) -> str:
    for container in run.containers.client.containers.list(filters={"label": f"{CLUSTER_LABEL}={cluster}"}):
        address = container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"]
        if address:
            return str(address)
    raise ProvisionProblem(f"kind cluster {cluster} has no running node on network {network}")


def remove_kind_cluster(params: Mapping[str, str]) -> None:
    """Undoer ``kind.cluster``: end what still makes cluster ``name`` of run ``run``, then remove its nodes.

    Needs neither kind nor its configuration. A request for a node may still be on its way to the engine when its
    sender is killed, so it looks until two looks in a row find nothing.
    """
    name = params["name"]
    _end_makers(name, params["run"])
    quiet = 0
    deadline = time.monotonic() + _GONE
    while quiet < 2:
        label = f"{CLUSTER_LABEL}={name}"
        found = engine_client().containers.list(all=True, ignore_removed=True, filters={"label": label})
        quiet = 0 if found else quiet + 1
        remove_labelled({"label": label})
        if time.monotonic() > deadline:
            raise OSError(f"nodes of kind cluster {name} are still there after {_GONE:g} s")
        time.sleep(POLL)


def _end_makers(name: str, run: str) -> None:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if name in " ".join(process.cmdline()) and process.environ().get(RUN_MARKER) == run:
                process.kill()
                process.wait(timeout=2)

"""Stack service ``kubernetes-cluster``: a namespace of the run's own, in a cluster that is made, kept or there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Self

import yaml
from kubernetes.client.exceptions import ApiException
from pydantic import Field, model_validator

from drills.gitops import NEEDS as GITOPS_NEEDS
from drills.gitops import GitOps
from drills.kind import PROGRAMS, RECIPE, TIMEOUT, KindCluster, kept_cluster, make_cluster, tools_path
from drills.kube_access import Api, api_client, namespace_name, read_kubeconfig, server_of, write_kubeconfig
from drills.kube_tools import tool_folder
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration


class KubernetesCluster(ServiceConfig):
    """A Kubernetes cluster and a namespace of the run's own in it."""

    uses: Literal["kubernetes-cluster"] = "kubernetes-cluster"
    source: Literal["kind", "existing"] = Field(
        default="kind", description="`kind`: a cluster made here; `existing`: one that `context` names"
    )
    isolation: Literal["namespace", "cluster"] = Field(
        default="namespace",
        description="`namespace`: in the cluster that `drill stack keep kind` made, where there is one; "
        "`cluster`: always in a fresh one (`source: kind`)",
    )
    context: str = Field(default="", description="context of your kubeconfig, for `source: existing`")
    kind_name: str = Field(
        default="", description="name of the kind cluster behind `context`, where images get in by `kind load`"
    )
    programs: tuple[str, ...] = Field(
        default=(),
        description="further programs for your commands, such as `helm`: those on PATH, else out of the "
        "image recipe of that name",
    )
    gitops: GitOps | None = Field(
        default=None, description="a (simulated) GitOps controller that applies what is pushed to $GITOPS_REPOSITORY"
    )
    recipe: str = Field(default=RECIPE, description="image recipe of the node, for `source: kind`")
    timeout: Duration = Field(default=TIMEOUT, description="until the cluster is ready")

    @model_validator(mode="after")
    def _keys_of_the_source(self) -> Self:
        if (self.source == "existing") != bool(self.context):
            raise ValueError("`context` exactly where `source` is `existing`")
        if self.source == "existing" and self.isolation == "cluster":
            raise ValueError("`isolation: cluster` only where `source` is `kind`")
        return self

    def needs(self) -> Sequence[Need]:
        """For a kind cluster the engine, its command line (kind uses it) and the node image; else the user's tools."""
        if self.source == "kind":
            return (
                Need(kind="engine", name="container engine"),
                Need(kind="tool", name="docker"),
                *(Need(kind="image", name=each) for each in (self.recipe, *self._recipes())),
                *(GITOPS_NEEDS if self.gitops else ()),
            )
        tools = ("kubectl", "kind", "docker") if self.kind_name else ("kubectl",)
        return [
            *(Need(kind="tool", name=each) for each in tools),
            *(Need(kind="image", name=each) for each in self._recipes()),
            *(GITOPS_NEEDS if self.gitops else ()),
        ]

    def _recipes(self) -> list[str]:
        return [each for each in self.programs if not shutil.which(each)]

    def provides(self) -> Sequence[str]:
        """Programs that come out of images; those on PATH are taken first."""
        return (*(PROGRAMS if self.source == "kind" else ()), *self.programs)

    def endpoints(self) -> Sequence[str]:
        """The API server of an existing cluster: the guard decides whether it may be touched.

        A cluster made here sits on a bridge of this host that nothing else is on, a kept one too.
        """
        return () if self.source == "kind" else (server_of(read_kubeconfig(self.context)),)

    def start(self, name: str, run: Run) -> RunningCluster:
        """Make or join the cluster and make the namespace."""
        running, where = self._of_kind(run) if self.source == "kind" else self._existing(run)
        running.tools += [tool_folder(run, run.images.resolve(each), [each]) for each in self._recipes()]
        if self.gitops:
            running.more["GITOPS_REPOSITORY"] = str(self.gitops.start(run, running.environment()))
        run.timeline.write(StackFact(name=name, value=f"Kubernetes {running.version()} ({where})"))
        return running

    def _of_kind(self, run: Run) -> tuple[RunningCluster, str]:
        kept = kept_cluster(self.recipe) if self.isolation == "namespace" else None
        cluster = kept or make_cluster(run, self.recipe, self.timeout)
        kubeconfig = yaml.safe_load(cluster.kubeconfig.read_text(encoding="utf-8"))
        running = _running(run, kubeconfig, cluster)
        if kept:  # elsewhere the namespace goes with its cluster
            running.plan_removal(kept.kubeconfig)
        running.make_namespace()
        return running, f"kind, node image {self.recipe}, {'kept' if kept else 'fresh'}"

    def _existing(self, run: Run) -> tuple[RunningCluster, str]:
        running = _running(run, read_kubeconfig(self.context), self.kind_name)
        running.address = running.node_address()
        running.plan_removal(running.kubeconfig)
        running.make_namespace()
        return running, f"context {self.context}"


def _running(run: Run, kubeconfig: dict[str, object], behind: KindCluster | str) -> RunningCluster:
    namespace = namespace_name(run.id)
    file = write_kubeconfig(kubeconfig, run.scratch / "kubeconfig", namespace)
    if isinstance(behind, str):
        return RunningCluster(run, file, namespace, "", [], behind)
    return RunningCluster(run, file, namespace, behind.address, [behind.tools], behind.name)


@dataclass
class RunningCluster:
    """A cluster that answers, and the run's namespace in it."""

    run: Run
    kubeconfig: Path
    namespace: str
    address: str
    """Where the host reaches NodePorts."""
    tools: list[Path]
    """Folders with programs out of images."""
    kind_name: str
    more: dict[str, str] = field(default_factory=dict)
    """Further variables for the team's commands."""

    def environment(self) -> Mapping[str, str]:
        """``KUBECONFIG`` whose context is the run's namespace; ``KIND_CLUSTER`` where images are loaded by kind."""
        variables = {"KUBECONFIG": str(self.kubeconfig), "KUBE_NAMESPACE": self.namespace}
        if self.kind_name:
            variables["KIND_CLUSTER"] = self.kind_name
        return {**variables, **tools_path(self.run, self.tools), **self.more}

    def names(self) -> Mapping[str, str]:
        """``namespace``, ``address``, ``kind`` (name of the kind cluster)."""
        return {"namespace": self.namespace, "address": self.address, "kind": self.kind_name}

    def api(self) -> Api:
        """Clients for this cluster."""
        return api_client(self.kubeconfig)

    def version(self) -> str:
        """Version of the API server."""
        return str(self.api().version.get_code().git_version)

    def plan_removal(self, kubeconfig: Path) -> None:
        """Write the namespace into the ledger; ``kubeconfig`` reaches the cluster for as long as that is there."""
        params = {"kubeconfig": str(kubeconfig), "namespace": self.namespace}
        self.run.ledger.plan(Undo(kind="kubernetes.namespace", what=f"namespace {self.namespace}", params=params))

    def make_namespace(self) -> None:
        """A namespace of the run's own; everything of the run goes with it."""
        metadata = {"name": self.namespace, "labels": {"drill.run": self.run.id.lower()}}
        try:
            self.api().core.create_namespace({"metadata": metadata})
        except (ApiException, OSError) as problem:
            raise ProvisionProblem(
                f"namespace {self.namespace} cannot be made: {getattr(problem, 'reason', '') or problem}",
                next_step="may this user make namespaces there? `kubectl auth can-i create namespaces`",
            ) from problem

    def node_address(self) -> str:
        """Address of the first node, as the cluster says it."""
        try:
            nodes = self.api().core.list_node().items
        except (ApiException, OSError) as problem:
            raise ProvisionProblem(
                f"the cluster says nothing of its nodes: {getattr(problem, 'reason', '') or problem}",
                next_step="does `kubectl get nodes` answer in that context?",
            ) from problem
        for node in nodes:
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

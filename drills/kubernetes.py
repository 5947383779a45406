"""Platform ``kubernetes``: a workload in a namespace of the run's own, judged by what its pods serve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from kubernetes.client.exceptions import ApiException
from pydantic import Field

from drills.container_logs import telling
from drills.kind_cluster import RunningCluster
from drills.kube_pods import WorkloadPods
from drills.kube_state import classify, layers
from harness.errors import ProvisionProblem
from harness.model import ResidueClass
from harness.spi import Instance, Layers, PlatformConfig, Run, Service, ServiceName

_TAIL = 2000


class Kubernetes(PlatformConfig):
    """A Deployment or StatefulSet behind a Service of type NodePort, which the platform makes."""

    uses: Literal["kubernetes"] = "kubernetes"
    cluster: ServiceName = Field(default="cluster", description="the `kubernetes-cluster` service of this stack")
    kind: Literal["deployment", "statefulset"] = Field(default="deployment", description="kind of the workload")
    workload: str = Field(description="name of the workload and of its Service; value of the label `app`")
    port: int = Field(default=8080, ge=1, le=65535, description="port of the workload in its container")
    version_path: str = Field(default="/version", description="answers JSON with `version`")

    def provision(self, run: Run, services: Mapping[str, Service]) -> RunningKubernetes:
        """The Service, without any pod behind it yet."""
        cluster = cast(RunningCluster, services[self.cluster])
        try:
            made = cluster.api().core.create_namespaced_service(cluster.namespace, self._service())
        except (ApiException, OSError) as problem:
            raise ProvisionProblem(f"service {self.workload}: {problem}") from problem
        return RunningKubernetes(self, run, cluster, made.spec.ports[0].node_port)

    def _service(self) -> dict[str, Any]:
        return {
            "metadata": {"name": self.workload},
            "spec": {
                "type": "NodePort",
                "selector": {"app": self.workload},
                "ports": [{"port": 80, "targetPort": self.port}],
            },
        }


@dataclass(frozen=True)
class RunningKubernetes:
    """The provisioned platform."""

    config: Kubernetes
    run: Run
    cluster: RunningCluster
    node_port: int

    @property
    def entry_url(self) -> str:
        """The NodePort, from outside the cluster as a user comes."""
        return f"http://{self.cluster.address}:{self.node_port}"

    def environment(self) -> Mapping[str, str]:
        """Nothing of its own: the cluster gives ``KUBECONFIG``, whose context is the run's namespace."""
        return {}

    def instances(self) -> Sequence[Instance]:
        """Every pod that is not on its way out; one that cannot run says why."""
        return WorkloadPods(self.cluster, self.config.kind, self.config.workload).ask(
            self.config.port, self.config.version_path
        )

    def logs(self, containing: str) -> Sequence[str]:
        """Lines of all pods, of the containers that died too."""
        core = self.cluster.api().core
        lines: list[str] = []
        try:
            pods = core.list_namespaced_pod(self.cluster.namespace, label_selector=f"app={self.config.workload}").items
        except (ApiException, OSError):
            return ()
        for pod in pods:
            for previous in (True, False):
                lines += _log_of(core, self.cluster.namespace, pod.metadata.name, previous=previous)
        return telling(lines, containing)

    def snapshot(self) -> Layers:
        """Workload, artefact digests, configuration and secrets by checksum, rollout."""
        return layers(self.cluster, self.config.kind, self.config.workload)

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:
        """See `drills.kube_state.classify`."""
        return classify(layer, key, before, after)


def _log_of(core: Any, namespace: str, pod: str, *, previous: bool) -> list[str]:
    try:
        text = core.read_namespaced_pod_log(pod, namespace, tail_lines=_TAIL, previous=previous)
    except (ApiException, OSError):
        return []  # it never ran, or its first container still does
    return str(text).splitlines()

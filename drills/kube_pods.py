"""Pods of one workload: what each serves, why one does not run, and which revision it belongs to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from drills.kind_cluster import RunningCluster
from drills.kube_helm import RELEASE, newest_revisions
from harness.spi import Instance

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
"""Annotations of a ReplicaSet: its revision now, and the ones it had before it was gone back to
(kubernetes, pkg/controller/deployment/util/deployment_util.go)."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BY_HAND = ("kubectl", "helm", "OpenAPI-Generator")
"""How the field managers begin that no controller has: commands that somebody gave."""
_HASH = "controller-revision-hash"
_LAST_WORDS = 400
"""Characters of what a container said when it ended: its termination message, or its log where the pod wants that."""
_ANSWER = 3
"""Seconds a pod may take to say its version."""


@dataclass(frozen=True)
class WorkloadPods:
    """The pods of a workload in the run's namespace."""

    cluster: RunningCluster
    kind: str
    name: str

    def ask(self, port: int, path: str) -> Sequence[Instance]:
        """Every pod that is not being deleted, asked for its version through the API server."""
        api, namespace = self.cluster.api(), self.cluster.namespace
        try:
            pods = api.core.list_namespaced_pod(namespace, label_selector=f"app={self.name}").items
            about = self._about(api, namespace)
        except (ApiException, OSError) as problem:
            return [Instance("API server", "", str(problem))]
        living = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        return [*(self._instance(api.core, pod, about, port, path) for pod in living), *about.not_created()]

    def _instance(self, core: Any, pod: Any, about: _About, port: int, path: str) -> Instance:
        name = pod.metadata.name
        problems = list(_problems(pod))
        details = [*problems, *about.of(pod)]
        if problems:
            return Instance(name, "", "; ".join(details))
        try:
            answer = core.connect_get_namespaced_pod_proxy_with_path(
                f"{name}:{port}",
                pod.metadata.namespace,
                path.lstrip("/"),
                _request_timeout=_ANSWER,
                _preload_content=False,
            )
            return Instance(name, str(json.loads(answer.data)["version"]), "; ".join(details))
        except (ApiException, OSError, ValueError, KeyError, TypeError) as problem:
            said = f"no version: {getattr(problem, 'reason', '') or type(problem).__name__}"
            return Instance(name, "", "; ".join([said, *details]))

    def _about(self, api: Any, namespace: str) -> _About:
        if self.kind == "statefulset":
            found = api.apps.list_namespaced_stateful_set(namespace, field_selector=f"metadata.name={self.name}").items
            return _About({}, found[0].status.update_revision or "" if found else "")
        sets = api.apps.list_namespaced_replica_set(namespace, label_selector=f"app={self.name}").items
        deployments = api.apps.list_namespaced_deployment(namespace, field_selector=f"metadata.name={self.name}").items
        return _About(
            {each.metadata.name: each for each in sets},
            "",
            _applied(deployments),
            history=any(each.spec.revision_history_limit != 0 for each in deployments),
            changed=_changed(deployments),
            helm=_helm(api, namespace, deployments),
        )


@dataclass(frozen=True)
class _About:
    """What the controllers say about revisions."""

    replica_sets: dict[str, Any]
    update_revision: str
    applied: frozenset[str] = frozenset()
    """Containers of the manifest that was applied last; empty where nobody applied one."""
    history: bool = True
    """Whether any revision is kept besides the present one."""
    changed: str = ""
    """Which controller changed the workload last, where it was one."""
    helm: str = ""
    """What Helm's record says of the release that the workload belongs to."""

    def not_created(self) -> Iterator[Instance]:
        """An instance without an answer for each ReplicaSet whose pods are refused."""
        for name, replica_set in self.replica_sets.items():
            for condition in replica_set.status.conditions or []:
                if condition.type == "ReplicaFailure" and condition.status == "True" and replica_set.spec.replicas:
                    yield Instance(f"{name} (pod not created)", "", f"{condition.reason}: {condition.message}")

    def of(self, pod: Any) -> Iterator[str]:
        """Sentences about one pod."""
        revision = (pod.metadata.labels or {}).get(_HASH, "")
        beside = {each.name for each in pod.spec.containers} - self.applied
        if self.applied and beside:
            yield f"container {', '.join(sorted(beside))} is not in the manifest that was applied last"
        if self.update_revision and revision != self.update_revision:
            yield f"still on revision {revision} while the update revision is {self.update_revision}"
        for owner in pod.metadata.owner_references or []:
            if owner.name in self.replica_sets:
                yield from self._of_set(self.replica_sets[owner.name])
        yield from filter(None, (self.changed, self.helm))

    def _of_set(self, replica_set: Any) -> Iterator[str]:
        notes = replica_set.metadata.annotations or {}
        before = f", before that revision {notes[HISTORY]}" if HISTORY in notes else ""
        yield f"revision {notes.get(REVISION, '?')}{before}"
        if not self.history:
            yield "no other revision is kept"


def _applied(deployments: list[Any]) -> frozenset[str]:
    if not deployments:
        return frozenset()
    manifest = json.loads((deployments[0].metadata.annotations or {}).get(_LAST_APPLIED, "{}"))
    template = manifest.get("spec", {}).get("template", {})
    return frozenset(each["name"] for each in template.get("spec", {}).get("containers", []))


def _changed(deployments: list[Any]) -> str:
    fields = [
        each
        for deployment in deployments
        for each in deployment.metadata.managed_fields or []
        if "f:spec" in (each.fields_v1 or {}) and each.time
    ]
    last = max(fields, key=lambda each: each.time).manager if fields else ""
    return f"changed last by the controller {last}" if last and not last.startswith(_BY_HAND) else ""


def _helm(api: Any, namespace: str, deployments: list[Any]) -> str:
    releases = {(each.metadata.annotations or {}).get(RELEASE) for each in deployments}
    newest = newest_revisions(api.core.list_namespaced_secret(namespace).items) if any(releases) else {}
    return "; ".join(f"Helm says that {newest[name]}" for name in newest if name in releases)


def _problems(pod: Any) -> Iterator[str]:
    """Why the pod's containers do not run, in Kubernetes' own words."""
    for status in pod.status.container_statuses or []:
        waiting, ended = status.state.waiting, status.state.terminated
        if waiting and waiting.reason not in ("ContainerCreating", "PodInitializing"):
            yield f"{waiting.reason}: {waiting.message or ''}".strip(": ")
        elif waiting:
            yield waiting.reason
        if ended:
            yield f"ended with exit code {ended.exit_code} ({ended.reason})"
        last = ended or (waiting and status.last_state.terminated)
        if last and last.message:
            yield " ".join(last.message.split())[-_LAST_WORDS:]
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            yield f"{condition.reason}: {condition.message}"

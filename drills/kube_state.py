"""State of a namespace by layer, for residue: what a rollback of the pod template leaves behind shows here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from kubernetes.client.exceptions import ApiException

from drills.kind_cluster import RunningCluster
from drills.kube_helm import PENDING, SECRET_TYPE, newest_revisions
from drills.kube_pods import HISTORY, REVISION
from harness.model import ResidueClass
from harness.spi import Layers

_OWN_CONFIG = "kube-root-ca.crt"
"""ConfigMap that Kubernetes puts into every namespace."""
_CONFIGURATION = ("configuration", "secrets")
_BREAKING = ("workload", "artefact")
_HELM = "helm release "


def layers(cluster: RunningCluster, kind: str, name: str) -> Layers:
    """Present state of workload ``name`` and of the configuration beside it; empty before its first release."""
    api, namespace = cluster.api(), cluster.namespace
    try:
        secrets = api.core.list_namespaced_secret(namespace).items
        read = api.apps.read_namespaced_deployment if kind == "deployment" else api.apps.read_namespaced_stateful_set
        workload = read(name, namespace)
        pods = api.core.list_namespaced_pod(namespace, label_selector=f"app={name}").items
        state: Layers = {
            "workload": dict(_workload(workload)),
            "artefact": dict(_artefacts(workload, pods)),
            "configuration": dict(_checksums("configmap", api.core.list_namespaced_config_map(namespace).items)),
            "secrets": dict(_checksums("secret", [each for each in secrets if each.type != SECRET_TYPE])),
            "rollout": {
                **dict(_rollout(api, namespace, workload, kind)),
                **{f"{_HELM}{release}": str(newest) for release, newest in newest_revisions(secrets).items()},
            },
        }
    except ApiException as problem:
        if problem.status == 404:
            return {}
        raise OSError(f"{kind} {name}: {problem.reason}") from problem
    return state


def _workload(workload: Any) -> Iterator[tuple[str, str]]:
    name = workload.metadata.name
    yield f"{name} replicas", str(workload.spec.replicas)
    yield f"{name} paused", str(bool(getattr(workload.spec, "paused", False))).lower()
    for container in workload.spec.template.spec.containers:
        variables = [each.to_dict() for each in container.env or []]
        yield f"{name} {container.name} environment", _checksum(json.dumps(variables, sort_keys=True, default=str))


def _artefacts(workload: Any, pods: list[Any]) -> Iterator[tuple[str, str]]:
    for container in workload.spec.template.spec.containers:
        yield f"{container.name} image", container.image
    running = {
        (status.name, status.image_id.rpartition("@")[2])
        for pod in pods
        if pod.metadata.deletion_timestamp is None
        for status in pod.status.container_statuses or []
        if status.image_id
    }
    for container in sorted({name for name, _ in running}):
        digests = sorted(digest[:19] for name, digest in running if name == container)
        yield f"{container} digest in pods", ", ".join(digests)


def _checksums(kind: str, objects: list[Any]) -> Iterator[tuple[str, str]]:
    for each in objects:
        if each.metadata.name != _OWN_CONFIG:
            for key, value in {**(each.data or {}), **(getattr(each, "binary_data", None) or {})}.items():
                yield f"{kind} {each.metadata.name} {key}", _checksum(value)


def _rollout(api: Any, namespace: str, workload: Any, kind: str) -> Iterator[tuple[str, str]]:
    name = workload.metadata.name
    if kind == "statefulset":
        yield f"{name} update revision", str(workload.status.update_revision)
        yield f"{name} current revision", str(workload.status.current_revision)
        return
    yield f"{name} revision", (workload.metadata.annotations or {}).get(REVISION, "")
    for each in api.apps.list_namespaced_replica_set(namespace, label_selector=f"app={name}").items:
        notes = each.metadata.annotations or {}
        before = f" (before: {notes[HISTORY]})" if HISTORY in notes else ""
        yield f"replicaset {each.metadata.name}", f"revision {notes.get(REVISION, '?')}{before}"


def classify(layer: str, key: str, before: str, after: str) -> ResidueClass | None:
    """A further revision, and configuration that was added, are harmless; None for a layer of somebody else's.

    A Helm release whose operation never ended refuses the next one.
    """
    if layer == "rollout":
        stuck = key.endswith("update revision") or (key.startswith(_HELM) and PENDING in after)
        return ResidueClass.BREAKS_OLD_RELEASE if stuck else ResidueClass.HARMLESS
    if layer in _CONFIGURATION:
        return ResidueClass.BREAKS_OLD_RELEASE if before else ResidueClass.HARMLESS
    return ResidueClass.BREAKS_OLD_RELEASE if layer in _BREAKING and before != after else None


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]

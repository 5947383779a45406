"""Reaching a Kubernetes API server: kubeconfigs of a run's own, clients, and namespaces made and removed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from harness.errors import EnvironmentProblem, UsageProblem
from harness.limits import wait_until

_TIMEOUT = 10.0
"""Seconds that one request to an API server may take."""
_NAMESPACE_GONE = 50.0
"""Seconds until a deleted namespace has to be gone; its pods get their grace periods first."""


class ApiUnreachable(OSError):
    """The API server does not answer."""


class _Client(client.ApiClient):
    """A client whose requests end in time and that raises one kind of error when nobody answers."""

    def call_api(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["_request_timeout"] = kwargs.get("_request_timeout") or _TIMEOUT
        try:
            return super().call_api(*args, **kwargs)
        except urllib3.exceptions.HTTPError as problem:
            raise ApiUnreachable(f"the API server does not answer: {problem}") from problem


@dataclass(frozen=True)
class Api:
    """The groups of the API that a drill reads."""

    core: Any
    apps: Any
    version: Any


def api_client(kubeconfig: Path) -> Api:
    """Clients for the current context of ``kubeconfig``."""
    settings = client.Configuration()
    config.load_kube_config(  # type: ignore[no-untyped-call]
        str(kubeconfig), client_configuration=settings, persist_config=False
    )
    settings.proxy = None
    settings.retries = False
    connection = _Client(settings)
    return Api(client.CoreV1Api(connection), client.AppsV1Api(connection), client.VersionApi(connection))


def read_kubeconfig(context: str) -> dict[str, Any]:
    """The user's kubeconfig reduced to ``context``: no other cluster's credentials reach the run.

    Raises:
        UsageProblem: there is no such context.
        EnvironmentProblem: the file cannot be read.
    """
    file = Path(os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or Path.home() / ".kube" / "config")
    try:
        whole = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as problem:
        raise EnvironmentProblem(
            f"kubeconfig {file} cannot be read: {problem}", next_step="set KUBECONFIG"
        ) from problem
    found = _named(whole, "contexts", context)
    if found is None:
        known = ", ".join(each["name"] for each in whole.get("contexts") or []) or "none"
        raise UsageProblem(f"kubeconfig {file} has no context {context!r}", next_step=f"contexts there are: {known}")
    cluster = _named(whole, "clusters", found["context"]["cluster"])
    user = _named(whole, "users", found["context"]["user"])
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster],
        "users": [user],
        "contexts": [found],
        "current-context": context,
    }


def _named(whole: Mapping[str, Any], section: str, name: str) -> dict[str, Any] | None:
    return next((each for each in whole.get(section) or [] if each["name"] == name), None)


def server_of(kubeconfig: Mapping[str, Any]) -> str:
    """URL of the API server of a kubeconfig with one context."""
    return str(kubeconfig["clusters"][0]["cluster"]["server"])


def write_kubeconfig(kubeconfig: dict[str, Any], file: Path, namespace: str) -> Path:
    """Write ``kubeconfig`` for the run alone, with ``namespace`` as what commands without ``-n`` work in."""
    if namespace:
        kubeconfig["contexts"][0]["context"]["namespace"] = namespace
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(kubeconfig), encoding="utf-8")
    return file


def namespace_name(run: str) -> str:
    """The run's namespace; never ``default``, never one that anybody else has."""
    return f"drill-{run.lower()}"


def remove_namespace(params: Mapping[str, str]) -> None:
    """Undoer ``kubernetes.namespace``: delete ``namespace`` and wait until it is gone.

    A cluster or a kubeconfig that is gone took the namespace with it.
    """
    kubeconfig, namespace = Path(params["kubeconfig"]), params["namespace"]
    if not kubeconfig.exists():
        return
    api = api_client(kubeconfig)
    if _delete(api.core, namespace):
        return
    _end_workloads(api.apps, namespace)
    if wait_until(lambda: _is_gone(api.core, namespace), _NAMESPACE_GONE) is None:
        raise OSError(f"namespace {namespace} is still being deleted after {_NAMESPACE_GONE:g} s")


def _end_workloads(apps: Any, namespace: str) -> None:
    """Let the pods end during the 5 s that Kubernetes waits before it empties a deleted namespace.

    The 5 s: ``namespaceDeletionGracePeriod`` of Kubernetes' pkg/controller/namespace. Nothing depends on this; the
    namespace takes its content with it in any case.
    """
    with contextlib.suppress(ApiException):
        apps.delete_collection_namespaced_deployment(namespace, propagation_policy="Background")
        apps.delete_collection_namespaced_stateful_set(namespace, propagation_policy="Background")


def _delete(core: Any, namespace: str) -> bool:
    """Whether it is gone already."""
    try:
        core.delete_namespace(namespace)
    except ApiException as problem:
        if problem.status != 404:
            raise OSError(f"namespace {namespace}: {problem.reason}") from problem
        return True
    return False


def _is_gone(core: Any, namespace: str) -> bool | None:
    try:
        core.read_namespace(namespace)
    except ApiException as problem:
        return True if problem.status == 404 else None
    return None

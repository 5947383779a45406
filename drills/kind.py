"""Making a kind cluster, for one run or to be kept, and removing it.

kind's nodes sit on the internal network of whoever makes them, like every other container. The host reaches the API
server and NodePorts at the node's address on the bridge; nothing is published.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
import yaml
from kubernetes.client.exceptions import ApiException

from drills.kube_access import api_client, write_kubeconfig
from drills.kube_tools import tool_folder
from harness.containers import engine_client
from harness.errors import EnvironmentProblem, ProvisionProblem
from harness.kept import borrow
from harness.ledger import Undo
from harness.limits import POLL, wait_until
from harness.model import Frozen
from harness.process import RUN_MARKER, run_command
from harness.spi import Run
from harness.undo import remove_labelled

CLUSTER_LABEL = "io.x-k8s.kind.cluster"
"""Label that kind puts on every node container (kind, pkg/cluster/internal/providers/docker/constants.go)."""
RECIPE = "kind-node"
PROGRAMS = ("kind", "kubectl")
"""Programs that come with the node image."""
TIMEOUT = 240.0
"""Seconds until a cluster is ready."""
_API_PORT = 6443
_SERVICES = "10.96.0.0/16"
"""Addresses of Services, as kind gives them where nobody says otherwise."""
_VOLUMES = {
    "kind": "ClusterConfiguration",
    "controllerManager": {
        "extraVolumes": [
            {
                "name": "volumes",
                "hostPath": "/tmp/hostpath_pv",
                "mountPath": "/tmp/hostpath_pv",
                "pathType": "DirectoryOrCreate",
            }
        ]
    },
}
"""The default storage class makes volumes as folders in the controller manager's own file system; there it would also
look for them when they are to be removed, and the node would keep them."""
_GONE = 30.0
"""Seconds until the removed nodes of a cluster have to be gone."""
_KEPT = "kind"
"""Name under which `drill stack keep` knows the cluster."""
_FACTS = "cluster.json"


class KindCluster(Frozen):
    """A cluster that is ready, and how to reach it."""

    name: str
    recipe: str
    address: str
    """Where the host reaches its node."""
    kubeconfig: Path
    tools: Path
    """Folder with kind and kubectl."""
    version: str
    kept: bool = False


def keep(run: Run) -> str:
    """Keeper ``kind``: a cluster that all drills of this host share."""
    made = make_cluster(run, RECIPE, TIMEOUT).model_copy(update={"kept": True})
    (run.folder / _FACTS).write_text(made.model_dump_json(indent=1), encoding="utf-8")
    return f"kind cluster {made.name}, Kubernetes {made.version}"


def kept_cluster(recipe: str) -> KindCluster | None:
    """The cluster that is kept on this host, held until this process ends; None where none of ``recipe`` is.

    Raises:
        EnvironmentProblem: it is kept and does not answer.
    """
    folder = borrow(_KEPT)
    if folder is None:
        return None
    cluster = KindCluster.model_validate_json((folder / _FACTS).read_text(encoding="utf-8"))
    if cluster.recipe != recipe:
        return None
    if waiting := _unready(cluster.kubeconfig):
        raise EnvironmentProblem(
            f"kept kind cluster {cluster.name} is not ready: {waiting}",
            next_step=f"`drill stack drop {_KEPT}`, then `drill stack keep {_KEPT}`",
        )
    return cluster


def make_cluster(run: Run, recipe: str, timeout: float) -> KindCluster:
    """A new cluster on the network of ``run``; ready, its DNS included."""
    name = f"drill-{run.id.lower()}"
    image = run.images.resolve(recipe)
    tools = tool_folder(run, image, PROGRAMS)
    network = run.containers.network
    run.ledger.plan(Undo(kind="kind.cluster", what=f"kind cluster {name}", params={"name": name, "run": run.id}))
    env = run.environment(
        {
            "KIND_EXPERIMENTAL_DOCKER_NETWORK": network,
            "KUBECONFIG": str(run.scratch / "kind-kubeconfig"),
            **tools_path(run, [tools]),
        }
    )
    config = run.scratch / "kind.yaml"
    config.write_text(yaml.safe_dump(_config(name, image.tag)), encoding="utf-8")
    log = _log(run, "kind-create.log")
    made = run_command(
        ["kind", "create", "cluster", "--name", name, "--config", str(config)],
        env=env,
        cwd=run.scratch,
        timeout=timeout,
        log=log,
    )
    # kind ends with an error where nothing is published: it cannot write a kubeconfig for a port of the host.
    # Its last step is exactly that, so the cluster itself decides.
    told = _kubeconfig(run, name, tools)
    if told is None:
        raise ProvisionProblem(
            f"kind cluster {name} was not made: {made.output.splitlines()[-1] if made.output else 'no output'}",
            next_step=f"read {log}",
        )
    node = _node(run, name)
    # The kernel tells one client only once a second that nobody listens (a Service without a pod behind it), and all
    # users of a drill come from one address: each of them is to be told, as many clients would be.
    node.exec_run(["sysctl", "-w", "net.ipv4.icmp_ratelimit=0"])
    # On an internal network there is no default route, and without any the kernel refuses before kube-proxy could turn
    # a Service's address into a pod's: the API server would not reach a webhook.
    node.exec_run(["ip", "route", "add", _SERVICES, "dev", "eth0"])
    address = str(node.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])
    told["clusters"][0]["cluster"]["server"] = f"https://{address}:{_API_PORT}"
    # Never in a folder of reports: it has the cluster's keys.
    kubeconfig = write_kubeconfig(told, run.scratch / "cluster.kubeconfig", "")
    if wait_until(lambda: None if _unready(kubeconfig) else True, timeout) is None:
        raise ProvisionProblem(
            f"kind cluster {name} is not ready after {timeout:g} s: {_unready(kubeconfig)}", next_step=f"read {log}"
        )
    version = str(api_client(kubeconfig).version.get_code().git_version)
    return KindCluster(name=name, recipe=recipe, address=address, kubeconfig=kubeconfig, tools=tools, version=version)


def _unready(kubeconfig: Path) -> str:
    """What is not ready yet: nodes, pods of the system, DNS; empty when everything is."""
    try:
        core = api_client(kubeconfig).core
        nodes = core.list_node().items
        pods = core.list_namespaced_pod("kube-system").items
    except (ApiException, OSError) as problem:
        return str(getattr(problem, "reason", "") or problem)
    if not any(each.metadata.name.startswith("coredns") for each in pods):
        return "CoreDNS is not there"
    return ", ".join(each.metadata.name for each in (*nodes, *pods) if not _is_ready(each))


def _is_ready(thing: Any) -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in thing.status.conditions or [])


def _config(name: str, image: str) -> dict[str, Any]:
    """One node. The feature gate turns writes that need CAP_SYS_RESOURCE into warnings (KEP-2033)."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": name,
        "featureGates": {"KubeletInUserNamespace": True},
        "kubeadmConfigPatches": [yaml.safe_dump(_VOLUMES)],
        "nodes": [{"role": "control-plane", "image": image}],
    }


def tools_path(run: Run, tools: Sequence[Path]) -> dict[str, str]:
    """``PATH`` with programs out of images at its end: what the user has comes first."""
    return {"PATH": os.pathsep.join((run.environment()["PATH"], *map(str, tools)))} if tools else {}


def _log(run: Run, name: str) -> Path:
    folder = run.folder / "logs"
    folder.mkdir(exist_ok=True)
    return folder / name


def _kubeconfig(run: Run, name: str, tools: Path) -> dict[str, Any] | None:
    """What kind says about a cluster that it made; None where there is none. Never in a folder that is kept."""
    output = run.scratch / f"{name}.kubeconfig"
    told = run_command(
        ["kind", "get", "kubeconfig", "--internal", "--name", name],
        env=run.environment(tools_path(run, [tools])),
        cwd=run.scratch,
        timeout=30,
        log=output,
    )
    if not told.ok:
        return None
    found: dict[str, Any] = yaml.safe_load(output.read_text(encoding="utf-8"))
    return found


def _node(run: Run, cluster: str) -> Any:
    """The container of the one node."""
    nodes = run.containers.client.containers.list(filters={"label": f"{CLUSTER_LABEL}={cluster}"})
    if not nodes:
        raise ProvisionProblem(f"kind cluster {cluster} has no running node", next_step="docker ps --all")
    return nodes[0]


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

"""Kubernetes manifests and Helm charts: a Deployment or StatefulSet in a cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from drills.starters.documents import at, documents, mapping, name, path, port
from drills.starters.scripts import steps
from harness.starter import Draft, Found, Repository

_KINDS = {"Deployment": "deployment", "StatefulSet": "statefulset"}
_CLUSTER = "`cluster` is a throw-away one; your own is reached as docs/kubernetes.md says"
_PUSH = "bring the image to the cluster first: `kind load docker-image …` to $KIND_CLUSTER, or `docker push`"
_VERSION = "the workload answers JSON with `version` at /version; say `version_path` where it is another path"


def find(repository: Repository) -> Sequence[Found]:
    """The first Helm chart, and the first manifest with a workload in it."""
    return [*_charts(repository), *_manifests(repository)]


def _manifests(repository: Repository) -> Sequence[Found]:
    for file in repository.matching("*.yaml", "*.yml"):
        if "/templates/" in f"/{file}":
            continue
        for document in documents(repository.text(file)):
            kind = _KINDS.get(str(document.get("kind")))
            if kind and str(document.get("apiVersion", "")).startswith("apps/"):
                return [_manifest(repository, file, kind, document)]
    return []


def _manifest(repository: Repository, file: str, kind: str, document: Mapping[str, Any]) -> Found:
    workload = name(at(document, "metadata", "name"), "app")
    container = mapping(at(document, "spec", "template", "spec", "containers", 0))
    listens = port(at(container, "ports", 0, "containerPort"), 8080)
    image = str(container.get("image") or "")
    folder = PurePosixPath(file).parent
    whole = folder.as_posix() if (repository.folder / folder / "kustomization.yaml").is_file() else ""
    target = f"{kind}/{workload}"
    apply = ["kubectl", "apply", *(["-k", whole] if whole else ["-f", file])]
    put = [
        {"name": "apply", "run": apply, "timeout": "30s"},
        {
            "name": "set image",
            "run": ["kubectl", "set", "image", target, name(container.get("name"), "*") + "={{ release.image }}"],
            "timeout": "30s",
        },
        _wait(target),
    ]
    back = [{"name": "undo", "run": ["kubectl", "rollout", "undo", target], "timeout": "30s"}, _wait(target)]
    todo = {
        "stack": [_CLUSTER, _VERSION, *_selector(document, workload)],
        "releases": [f"images of two releases of {image or workload}"],
        "deploy": [_PUSH],
    }
    deploy, rollback, notes = steps(repository, put, back)
    todo["deploy"] += notes
    draft = _draft(workload, kind, listens, (), deploy, rollback, _asked(container), todo)
    says = f"{kind} {workload} on port {listens}" + (", applied by kustomize" if whole else "")
    return Found("Kubernetes manifest", (file,), says, draft)


def _charts(repository: Repository) -> Sequence[Found]:
    for file in repository.matching("Chart.yaml"):
        chart = next(documents(repository.text(file)), {})
        folder = PurePosixPath(file).parent.as_posix()
        workload = name(chart.get("name"), "app")
        values = next(documents(repository.text(f"{folder}/values.yaml".removeprefix("./"))), {})
        listens = port(at(values, "service", "targetPort") or at(values, "service", "port"), 8080)
        upgrade = ["helm", "upgrade", "--install", workload, folder, "--set", "image.tag={{ release.values.tag }}"]
        put = [
            {"name": "helm upgrade", "run": [*upgrade, "--wait", "--timeout", "90s"], "timeout": "100s"},
        ]
        back = [{"name": "helm rollback", "run": ["helm", "rollback", workload, "--wait"], "timeout": "100s"}]
        todo = {
            "stack": [_CLUSTER, _VERSION, f"`workload` is the Deployment of the chart, with the label app: {workload}"],
            "releases": ["`tag` of two releases of the chart's image"],
            "deploy": [_PUSH],
        }
        deploy, rollback, notes = steps(repository, put, back)
        todo["deploy"] += notes
        tags: tuple[Mapping[str, Any], ...] = ({"values": {"tag": "v1"}}, {"values": {"tag": "v2"}})
        draft = _draft(workload, "deployment", listens, ("helm",), deploy, rollback, "/", todo, tags)
        return [Found("Helm chart", (file,), f"chart {workload}, port {listens}", draft)]
    return []


def _draft(
    workload: str,
    kind: str,
    listens: int,
    programs: Sequence[str],
    deploy: Sequence[Mapping[str, Any]],
    rollback: Sequence[Mapping[str, Any]],
    asked: str,
    todo: Mapping[str, Sequence[str]],
    releases: Sequence[Mapping[str, Any]] = (),
) -> Draft:
    platform = {"uses": "kubernetes", "kind": kind, "workload": workload, "port": listens}
    cluster = {"uses": "kubernetes-cluster", **({"programs": list(programs)} if programs else {})}
    references = [{"image": {"ref": f"registry.example/{workload}:v{number}"}} for number in (1, 2)]
    good, bad = releases or references
    stack = {"platform": platform, "services": {"cluster": cluster}}
    return Draft("helm" if programs else "kubernetes", stack, good, bad, deploy, rollback, asked, todo)


def _wait(target: str) -> Mapping[str, Any]:
    return {
        "name": "wait for the rollout",
        "run": ["kubectl", "rollout", "status", target, "--timeout=90s"],
        "timeout": "100s",
    }


def _selector(document: Mapping[str, Any], workload: str) -> Sequence[str]:
    label = at(document, "spec", "template", "metadata", "labels", "app")
    return [] if label == workload else [f"the platform's Service selects `app: {workload}`: give the pods that label"]


def _asked(container: Mapping[str, Any]) -> str:
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        if found := at(container, probe, "httpGet", "path"):
            return path(found)
    return "/"

"""Compose files: a service that is run by `docker compose`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from drills.starters.documents import at, documents, items, mapping, path, port
from drills.starters.scripts import steps
from harness.starter import Draft, Found, Repository

_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""Default names (Compose file reference, "The Compose file")."""
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_URL = re.compile(r"https?://[^\s/\"']+(/[\w./~%-]*)?")
_DATABASES = ("postgres", "mysql", "mariadb", "mongo", "redis")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def find(repository: Repository) -> Sequence[Found]:
    """The compose file nearest to the top."""
    files = repository.matching(*_FILES)
    for file in files:
        services = {
            str(name): each
            for document in documents(repository.text(file))
            for name, each in mapping(document.get("services")).items()
            if isinstance(each, dict) and _NAME.fullmatch(str(name))
        }
        if services:
            return [_found(repository, file, services)]
    return [Found("compose file", files[:1], "no services in it that could be read")] if files else []


def _found(repository: Repository, file: str, services: Mapping[str, Mapping[str, Any]]) -> Found:
    own = {name: each for name, each in services.items() if not _is_database(each)} or services
    chosen = next((name for name, each in own.items() if each.get("ports")), "")
    chosen = chosen or next((name for name, each in own.items() if each.get("build")), next(iter(own)))
    service = services[chosen]
    number = _port(service)
    says = f"service {chosen} on port {number} of {', '.join(sorted(services))}"
    return Found("compose file", (file,), says, _draft(repository, file, chosen, service, number, services))


def _draft(
    repository: Repository,
    file: str,
    chosen: str,
    service: Mapping[str, Any],
    number: int,
    services: Mapping[str, Mapping[str, Any]],
) -> Draft:
    reference, context = str(service.get("image") or ""), _context(service)
    variable = _VARIABLE.search(reference)
    whole = bool(variable) and reference.rstrip("}").lstrip("${") == (variable[1] if variable else "")
    todo: dict[str, list[str]] = {"stack": [], "releases": [], "deploy": []}
    good: dict[str, Any] = {"values": {"tag": "v1"}}
    bad: dict[str, Any] = {"values": {"tag": "v2"}}
    value = "{{ release.values.tag }}"
    if context or whole:
        good, bad = ({"image": {"build": context or "."}} for _ in range(2))
        value = "{{ release.image }}"
        todo["releases"].append(
            "two builds that differ (`args:`), or finished images: `image: {ref: registry/app:1.4.2}`"
        )
    else:
        todo["releases"].append("`tag` of two releases whose images are on this host or can be pulled")
    if not variable:
        todo["deploy"].append(
            f"{file} fixes the image of {chosen}: write `image: ${{IMAGE}}` there, or change `env` below"
        )
    todo["stack"].append(
        "each release is told by the label org.opencontainers.image.version of its image, else by its tag; "
        "or name a `version_path` that answers with it"
    )
    inside = [name for name, each in services.items() if _is_database(each)]
    if inside:
        todo["stack"].append(f"{', '.join(inside)} of {file} is started with the service; writes are not counted in it")
    env = {variable[1] if variable else "IMAGE": value}
    put = [{"name": "up", "run": ["docker", "compose", "up", "--detach", "--wait"], "env": env, "timeout": "90s"}]
    back = [{**put[0], "env": {name: each.replace("release.", "good.") for name, each in env.items()}}]
    folder = file.rpartition("/")[0]
    platform: dict[str, Any] = {"uses": "compose", "service": chosen, "port": number}
    if file != "compose.yaml":
        platform["file"] = file
    deploy, rollback, notes = steps(repository, put, back)
    todo["deploy"] += notes
    if folder:
        todo["stack"].append(f"the compose file is in {folder}/")
    return Draft("compose", {"platform": platform}, good, bad, deploy, rollback, _asked(service), todo)


def _is_database(service: Mapping[str, Any]) -> bool:
    image = str(service.get("image") or "").rpartition("/")[2]
    return image.startswith(_DATABASES)


def _context(service: Mapping[str, Any]) -> str:
    build = service.get("build")
    context = build.get("context", ".") if isinstance(build, dict) else build
    return context if isinstance(context, str) and re.fullmatch(r"[\w./-]+", context) else ""


def _port(service: Mapping[str, Any]) -> int:
    """The container's side of the first published port, else of the first exposed one."""
    for each in (*items(service.get("ports")), *items(service.get("expose"))):
        written = each.get("target") if isinstance(each, dict) else str(each).partition("/")[0].rpartition(":")[2]
        if found := port(written, 0):
            return found
    return 8080


def _asked(service: Mapping[str, Any]) -> str:
    """The path of the service's own health check."""
    test = at(service, "healthcheck", "test")
    url = _URL.search(" ".join(map(str, test)) if isinstance(test, list) else str(test or ""))
    return path(url[1]) if url and url[1] else "/"

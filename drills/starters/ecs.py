"""ECS task definitions: a service behind a load balancer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from drills.starters.documents import SCRIPT_TODO, at, json_object, mapping, name, path, port
from drills.starters.hints import database
from drills.starters.scripts import script_named, steps
from harness.starter import Draft, Found, Repository


def find(repository: Repository) -> Sequence[Found]:
    """The first JSON file that is a task definition (ECS developer guide, "Task definition parameters")."""
    for file in repository.matching("*.json"):
        text = repository.text(file)
        if '"containerDefinitions"' not in text:
            continue
        definition = json_object(text)
        definition = mapping(definition.get("taskDefinition")) or definition
        if at(definition, "containerDefinitions", 0):
            return [_found(repository, file, definition)]
    return []


def _found(repository: Repository, file: str, definition: Mapping[str, Any]) -> Found:
    container = mapping(at(definition, "containerDefinitions", 0))
    service = name(definition.get("family"), name(container.get("name"), "app"))
    listens = port(at(container, "portMappings", 0, "containerPort"), 8080)
    check = at(container, "healthCheck", "command")
    words = " ".join(map(str, check)) if isinstance(check, list) else ""
    asked = path("/" + words.partition("://")[2].partition("/")[2].partition(" ")[0]) if "://" in words else "/"
    platform: dict[str, Any] = {"uses": "ecs", "service": service, "port": listens, "endpoint": "aws"}
    if asked != "/":
        platform["health_path"] = asked
    services: dict[str, Any] = {}
    if database(repository):
        services["db"] = {"uses": "postgres"}
        platform["database"] = "db"
    services["aws"] = {"uses": "aws", "engine": "ministack"}
    put = [{"name": "deploy", "run": ["./deploy.sh", "{{ release.id }}", "{{ release.image }}"], "timeout": "120s"}]
    back = [{"name": "rollback", "run": ["./rollback.sh"], "timeout": "120s"}]
    deploy, rollback, notes = steps(repository, put, back)
    todo = {
        "stack": ["the service answers JSON with `version` at /version; say `version_path` where it is another path"],
        "releases": [f"images of two releases of {container.get('image') or service}, on this host or to be built"],
        "deploy": [*notes, *_to_write(repository, file)],
    }
    image = {"image": {"ref": f"registry.example/{service}:v1"}}
    bad = {"image": {"ref": f"registry.example/{service}:v2"}}
    draft = Draft("ecs", {"platform": platform, "services": services}, image, bad, deploy, rollback, asked, todo)
    return Found("ECS task definition", (file,), f"family {service}, port {listens}", draft)


def _to_write(repository: Repository, file: str) -> Sequence[str]:
    what = (
        f"registers {file} with the image and updates $ECS_SERVICE of $ECS_CLUSTER (`aws` reaches the drill's endpoint)"
    )
    back = "updates $ECS_SERVICE to the revision before the present one"
    wanted = {"deploy": what, "rollback": back}
    return [
        SCRIPT_TODO.format(script=f"{word}.sh", what=text)
        for word, text in wanted.items()
        if not script_named(repository, word)
    ]

"""A team's own compose file: what is laid over it, how instances are told, and that nothing of it stays."""

from __future__ import annotations

import os
import signal

import pytest
import yaml

from harness.containers import RUN_LABEL, engine_client
from tests.live.conftest import SHORT

CONFIGURATION = (
    "events {} http { access_log off; server { listen 8000; location / { return %s hello; } "
    'location /about { return 200 "release=%s"; } } }'
)
SERVER = f"""printf '{CONFIGURATION}' "$$STATUS" "$$RELEASE" > /tmp/c && exec nginx -c /tmp/c -g 'daemon off;'"""
COMPOSE = {
    "services": {
        "web": {
            "image": "${IMAGE}",
            "command": ["sh", "-c", SERVER],
            "environment": {"STATUS": "${STATUS}", "RELEASE": "${RELEASE}"},
            "container_name": "web",
            "ports": ["127.0.0.1:18999:8000"],
            "networks": ["outside"],
            "volumes": ["kept:/var/kept"],
        },
        "helper": {"image": "${IMAGE}", "command": ["sleep", "infinity"], "network_mode": "host"},
    },
    "networks": {"outside": {}},
    "volumes": {"kept": {}},
}
UP = {
    "name": "up",
    "run": "docker compose up --detach",
    "env": {
        "IMAGE": "{{ release.image }}",
        "STATUS": "{{ release.values.status }}",
        "RELEASE": "{{ release.version }}",
    },
}
BACK = {**UP, "env": {name: value.replace("release.", "good.") for name, value in UP["env"].items()}}


def release(number, status):
    return {"version": f"v{number}", "image": {"recipe": "nginx"}, "values": {"status": status}}


@pytest.fixture
def repository(tmp_path):
    platform = {"uses": "compose", "file": "docker-compose.yml", "service": "web", "port": 8000}
    about = {"version_path": "/about", "version_body": "release=(v[0-9])"}
    scenario = {
        "drill": 1,
        "name": "own",
        "title": "A team's own compose file",
        "stack": {"platform": {**platform, **about}},
        "releases": {"good": "v1", "bad": "v2", "catalogue": {"v1": release(1, "200"), "v2": release(2, "503")}},
        "deploy": [UP],
        "traffic": {"rate": 20, "requests": [{"name": "hello", "get": "/"}]},
        "smoke": [{"uses": "http", "name": "hello", "get": "/", "expect": {"contains": "hello"}}],
        "verify": [{"uses": "version", "instances": 1}, {"uses": "residue"}],
        "paths": {"documented": {"rollback": {"name": "the image before", "steps": [BACK]}}},
    }
    (tmp_path / "docker-compose.yml").write_text(yaml.safe_dump(COMPOSE))
    file = tmp_path / "own.yaml"
    file.write_text(yaml.safe_dump(scenario))
    return file


def containers(drill):
    found = engine_client().containers.list(filters={"label": f"{RUN_LABEL}={drill.folder.name}"})
    return {
        each.labels["com.docker.compose.service"]: each for each in found if "com.docker.compose.service" in each.labels
    }


def test_it_is_drilled_on_the_runs_own_network_and_nothing_stays(start, repository):
    drill = start(str(repository), *SHORT)
    drill.reach("baseline")
    running = containers(drill)
    network = f"drill-{drill.folder.name}-net"
    for each in running.values():
        assert list(each.attrs["NetworkSettings"]["Networks"]) == [network]
        assert not [port for port in each.attrs["NetworkSettings"]["Ports"].values() if port]
    assert sorted(running) == ["helper", "web"]
    assert running["web"].name.startswith(f"drill-{drill.folder.name}".lower())
    volumes = [each for each in engine_client().volumes.list() if drill.folder.name in str(each.attrs)]
    assert len(volumes) == 1
    assert drill.end() == 0, drill.output
    assert drill.record["findings"] == []
    assert drill.gone() == []
    assert volumes[0].id not in [each.id for each in engine_client().volumes.list()]


def test_kill_9_leaves_no_container_and_no_volume_of_the_project(start, repository):
    drill = start(str(repository), *SHORT)
    drill.reach("release bad")
    os.kill(drill.process.pid, signal.SIGKILL)
    drill.process.wait()
    assert drill.gone() == []
    project = f"drill-{drill.folder.name}".lower()
    assert [each.name for each in engine_client().volumes.list() if each.name.startswith(project)] == []


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda file: file["volumes"].update(kept={"external": True}), "volume 'kept' is external"),
        (lambda file: file["services"].pop("web"), "no service 'web'"),
        (lambda file: file.update(services=7), "docker compose cannot read"),
    ],
)
def test_a_file_that_cannot_be_drilled_is_refused_before_any_release(start, repository, change, says):
    file = yaml.safe_load((repository.parent / "docker-compose.yml").read_text())
    change(file)
    (repository.parent / "docker-compose.yml").write_text(yaml.safe_dump(file))
    drill = start(str(repository))
    assert drill.end() in (3, 4)
    assert says in drill.output
    assert drill.gone() == []

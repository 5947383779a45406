"""`drill init` in five kinds of repository: what it finds, and that what it writes is valid and can be planned."""

import json

import pytest
import yaml
from click.testing import CliRunner

from harness.cli import main
from harness.scenario.load import load_scenario

COMPOSE = """
services:
  db: {image: "postgres:16", volumes: ["data:/var/lib/postgresql/data"]}
  worker: {image: "registry.example/shop:${TAG}", command: work}
  web:
    image: registry.example/shop:${TAG:-latest}
    ports: ["127.0.0.1:8000:5000"]
    healthcheck: {test: ["CMD", "curl", "-f", "http://localhost:5000/health/ready"]}
volumes: {data: {}}
"""
MANIFEST = """
apiVersion: v1
kind: Service
metadata: {name: quotes}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: quotes}
spec:
  template:
    metadata: {labels: {app: quotes}}
    spec:
      containers:
        - name: api
          image: registry.example/quotes:1
          ports: [{containerPort: 9000}]
          readinessProbe: {httpGet: {path: /ready, port: 9000}}
"""
TASK = {
    "family": "orders",
    "containerDefinitions": [
        {
            "name": "orders",
            "image": "registry.example/orders:1",
            "portMappings": [{"containerPort": 3000}],
            "healthCheck": {"command": ["CMD-SHELL", "curl -f http://localhost:3000/alive || exit 1"]},
        }
    ],
}
WORKFLOW = "on: workflow_dispatch\njobs:\n  rollback: {runs-on: ubuntu-latest, steps: [{run: ./ops/rollback.sh}]}\n"
UNIT = "[Unit]\nDescription=x\n[Service]\nExecStart=/opt/venv/bin/gunicorn wsgi:app\n"

REPOSITORIES = {
    "compose": {"docker-compose.yml": COMPOSE, "migrations/1_init.up.sql": "select 1"},
    "kubernetes": {"deploy/app.yaml": MANIFEST, ".github/workflows/rollback.yml": WORKFLOW},
    "helm": {
        "chart/Chart.yaml": "name: quotes\nversion: 1.0.0\n",
        "chart/values.yaml": "service: {port: 8081}\n",
        "chart/templates/deployment.yaml": "{{ if true }}\nkind: Deployment\n",
    },
    "ecs": {"infra/task-definition.json": json.dumps(TASK), "alembic.ini": "[alembic]\n"},
    "vps": {
        "Procfile": "web: gunicorn wsgi\nrelease: ./manage.py migrate\n",
        "manage.py": "",
        "ops/app.service": UNIT,
        "ops/deploy.sh": "",
        "ops/rollback.sh": "",
    },
}


@pytest.fixture
def repository(tmp_path, monkeypatch):
    def make(files):
        folder = tmp_path / "My Shop"
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        return folder

    return make


def drill(*words, **more):
    return CliRunner().invoke(main, list(words), catch_exceptions=False, **more)


@pytest.mark.parametrize("platform", sorted(REPOSITORIES))
def test_the_first_scenario_of_a_repository_is_valid_and_has_a_plan(repository, platform):
    folder = repository(REPOSITORIES[platform])
    told = drill("init", "--yes")
    assert told.exit_code == 0, told.output
    file = folder / "scenarios" / "my-shop-rollback.yaml"
    for found in REPOSITORIES[platform]:
        if found.endswith((".yml", "app.yaml", "Chart.yaml", ".json", ".ini", "Procfile", "app.service", "manage.py")):
            assert found in told.output
            assert found in file.read_text()
    assert f"{file.relative_to(folder)}:" in told.output.partition("leaves to you")[2]

    assert drill("validate", str(file)).exit_code == 0
    plan = drill("plan", "my-shop-rollback")
    assert plan.exit_code == 0, plan.output
    assert "nothing was started" in plan.output
    used = load_scenario(file).scenario.stack.platform.uses
    assert used == {"helm": "kubernetes"}.get(platform, platform)
    assert load_scenario(file).workdir == folder


def scenario(folder):
    return yaml.safe_load((folder / "scenarios" / "my-shop-rollback.yaml").read_text())


def test_a_compose_file_says_service_port_tag_and_health(repository):
    folder = repository(REPOSITORIES["compose"])
    assert drill("init", "--yes").exit_code == 0
    written = scenario(folder)
    assert written["stack"]["platform"] == {
        "uses": "compose",
        "service": "web",
        "port": 5000,
        "file": "docker-compose.yml",
    }
    assert written["deploy"][0]["env"] == {"TAG": "{{ release.values.tag }}"}
    assert written["paths"]["documented"]["rollback"]["steps"][0]["env"] == {"TAG": "{{ good.values.tag }}"}
    assert written["smoke"][0]["get"] == "/health/ready"
    assert written["traffic"]["requests"][0]["get"] == "/health/ready"


def test_a_service_that_is_built_here_is_built_by_the_drill(repository):
    folder = repository({"compose.yaml": "services:\n  web: {build: ./web, ports: ['80']}\n"})
    assert drill("init", "--yes").exit_code == 0
    written = scenario(folder)
    assert written["releases"]["catalogue"]["v1"]["image"] == {"build": "./web"}
    assert written["deploy"][0]["env"] == {"IMAGE": "{{ release.image }}"}
    assert "compose.yaml fixes the image of web" in (folder / "scenarios" / "my-shop-rollback.yaml").read_text()


def test_a_manifest_says_workload_container_port_and_probe(repository):
    folder = repository(REPOSITORIES["kubernetes"])
    told = drill("init", "--yes")
    written = scenario(folder)
    assert written["stack"]["platform"]["workload"] == "quotes"
    assert written["stack"]["platform"]["port"] == 9000
    assert written["deploy"][1]["run"][-1] == "api={{ release.image }}"
    assert written["smoke"][0]["get"] == "/ready"
    assert "this is your rollback path" in told.output


def test_the_teams_own_scripts_are_the_path(repository):
    folder = repository(REPOSITORIES["vps"])
    assert drill("init", "--yes").exit_code == 0
    written = scenario(folder)
    assert written["deploy"][0]["run"] == ["./ops/deploy.sh", "{{ release.id }}"]
    assert written["paths"]["documented"]["rollback"]["steps"][0]["run"] == ["./ops/rollback.sh"]
    assert "db" in written["stack"]["services"], "migrations want a database"


def test_of_several_ways_the_reader_chooses(repository):
    folder = repository({**REPOSITORIES["compose"], **REPOSITORIES["ecs"]})
    assert drill("init", "--yes", "--platform", "ecs").exit_code == 0
    assert scenario(folder)["stack"]["platform"] == {
        "uses": "ecs",
        "service": "orders",
        "port": 3000,
        "endpoint": "aws",
        "health_path": "/alive",
        "database": "db",
    }
    asked = drill("init", "--force", input="ecs\nown-name\n")
    assert asked.exit_code == 0, asked.output
    assert (folder / "scenarios" / "own-name.yaml").is_file()
    refused = drill("init", "--yes", "--platform", "vps")
    assert (refused.exit_code, "no 'vps' was found here" in refused.output) == (3, True)


def test_nothing_is_written_over_and_nothing_is_invented(repository):
    folder = repository(REPOSITORIES["ecs"])
    assert drill("init", "--yes").exit_code == 0
    file = folder / "scenarios" / "my-shop-rollback.yaml"
    file.write_text("mine")
    refused = drill("init", "--yes")
    assert (refused.exit_code, file.read_text()) == (3, "mine")
    assert drill("init", "--yes", "--force").exit_code == 0
    assert file.read_text() != "mine"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"README.md": "hello"},
        {"compose.yaml": "services: [", "task.json": '{"containerDefinitions": []}'},
        {"compose.yaml": "services: {'a b; rm -rf /': {image: x}}"},
        {"node_modules/x/compose.yaml": COMPOSE},
    ],
)
def test_a_repository_that_says_nothing_gets_no_scenario(repository, files):
    folder = repository(files)
    refused = drill("init", "--yes")
    assert refused.exit_code == 3
    assert "nothing here says how" in refused.output
    assert not (folder / "scenarios").exists()


def test_what_a_file_says_cannot_break_out_of_the_scenario(repository):
    evil = {
        "compose.yaml": "services:\n  web: {image: 'x:${TAG}', ports: ['80:{{ 7*7 }}'], "
        "healthcheck: {test: 'curl http://x/{{ key }}'}}\n",
        "Procfile": "web: run # {{ nobody }}\ninjected: true\n",
        ".github/workflows/deploy.yml": 'jobs: {"a\\npaths: {}\\nb-deploy": {}}\n',
    }
    folder = repository(evil)
    for platform in ("compose", "vps"):
        told = drill("init", "--yes", "--force", "--platform", platform)
        assert told.exit_code == 0, told.output
        written = scenario(folder)
        assert list(written) == [
            "drill",
            "name",
            "title",
            "workdir",
            "stack",
            "releases",
            "deploy",
            "traffic",
            "smoke",
            "budgets",
            "paths",
        ]
        assert list(written["paths"]) == ["documented"]


def test_traffic_of_a_file_goes_into_the_scenario(repository):
    folder = repository({**REPOSITORIES["compose"], "paths.txt": "/orders/17\n/orders/17\nGET /\n"})
    assert drill("init", "--yes", "--traffic", "paths.txt").exit_code == 0
    assert [(each["get"], each["weight"]) for each in scenario(folder)["traffic"]["requests"]] == [
        ("/orders/17", 2),
        ("/", 1),
    ]

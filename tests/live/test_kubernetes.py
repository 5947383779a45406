"""Drills on Kubernetes: a cluster of the run's own or a kept one, really made, and nothing of the run left."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import docker
import pytest
import yaml
from docker.models.containers import ContainerCollection
from kubernetes import client, config

from drills import IMAGE_RECIPES
from harness.errors import EnvironmentProblem
from harness.images import Images
from harness.kept import kept_folder
from harness.model import Phase
from tests.live.conftest import DRILL

pytestmark = pytest.mark.cluster

SCENARIO = "k8s-bad-image"
FRESH = ("--set", "stack.services.cluster.isolation=cluster")
LIMIT = 3600
"""The first run on a host makes the node image."""


def of_cluster(drill):
    """Node containers of the drill's cluster; kind's labels are not the harness's."""
    label = f"io.x-k8s.kind.cluster=drill-{drill.folder.name.lower()}"
    return docker.from_env().containers.list(all=True, ignore_removed=True, filters={"label": label})


def begun(drill, phase):
    drill.until(lambda: any(getattr(each, "phase", None) == phase for each in drill.events()), phase, LIMIT)


def stack(*args):
    return subprocess.run([DRILL, "stack", *args], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def kept():
    """The kept cluster: the one that is there, or one for these tests."""
    mine = "kind" not in {each["name"] for each in json.loads(stack("list", "--json"))}
    if mine:
        stack("keep", "kind")
    yield json.loads((kept_folder("kind") / "cluster.json").read_text())
    if mine:
        stack("drop", "kind")


def namespaces(kept):
    """Namespaces of runs that are in the kept cluster and not on their way out."""
    config.load_kube_config(kept["kubeconfig"])
    found = client.CoreV1Api().list_namespace(label_selector="drill.run").items
    return {each.metadata.name for each in found if each.metadata.deletion_timestamp is None}


def namespace(drill):
    return f"drill-{drill.folder.name.lower()}"


def test_undo_recovers_from_an_image_that_does_not_start(start):
    drill = start(SCENARIO, *FRESH)
    assert drill.end(LIMIT) == 0, drill.output
    record = drill.record
    assert record["verdict"] == "passed"
    assert record["findings"] == []
    assert [each["recovered"] for each in record["attempts"]] == [True]
    assert 0 < record["outage"]["duration"] < record["budgets"]["rto"]
    facts = {each.name: each.value for each in drill.events() if each.kind == "stack.fact"}
    assert facts["cluster"].startswith("Kubernetes v1.3")
    assert facts["cluster"].endswith("fresh)")
    assert of_cluster(drill) == []
    assert drill.leftovers() == []


def test_the_cluster_is_a_whole_one(kept):
    config.load_kube_config(kept["kubeconfig"])
    version = client.VersionApi().get_code()
    assert (int(version.major), int(version.minor.rstrip("+"))) >= (1, 34)
    pods = client.CoreV1Api().list_namespaced_pod("kube-system").items
    ready = {
        each.metadata.name: any(said.type == "Ready" and said.status == "True" for said in each.status.conditions)
        for each in pods
    }
    assert all(ready.values()), ready
    for part in ("coredns", "etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler"):
        assert any(name.startswith(part) for name in ready), part


@pytest.mark.parametrize("phase", [Phase.PROVISION, Phase.DETECT])
def test_kill_9_leaves_no_cluster(start, phase):
    drill = start(SCENARIO, *FRESH)
    begun(drill, phase)
    if phase is Phase.PROVISION:
        drill.until(lambda: of_cluster(drill), "a node container", LIMIT)
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []
    assert of_cluster(drill) == []


def test_two_drills_on_one_cluster_do_not_see_each_other(start, kept):
    drills = [start(SCENARIO), start("k8s-undo-twice", "--path", "prepared")]
    drills[0].until(lambda: {namespace(each) for each in drills} <= namespaces(kept), "both namespaces at once")
    for drill in drills:
        assert drill.end(LIMIT) == 0, drill.output
        assert drill.record["findings"] == []
        assert of_cluster(drill) == []
        assert drill.leftovers() == []
        assert namespace(drill) not in namespaces(kept)


@pytest.mark.parametrize("phase", [Phase.PROVISION, Phase.RELEASE_GOOD, Phase.RELEASE_BAD, Phase.VERIFY])
def test_kill_9_on_a_kept_cluster_leaves_the_cluster_alone(start, kept, phase):
    drill = start(SCENARIO)
    begun(drill, phase)
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []
    drill_gone_from(kept, drill)
    subprocess.run([DRILL, "reap", "--runs", str(drill.runs)], check=True)
    assert "kind" in {each["name"] for each in json.loads(stack("list", "--json"))}
    assert namespace(drill) not in namespaces(kept)  # and it still answers


def drill_gone_from(kept, drill):
    watchdog = subprocess.run([DRILL, "reap", "--runs", str(drill.runs), "--json"], capture_output=True, text=True)
    assert all(not each["left"] for each in json.loads(watchdog.stdout)), watchdog.stdout
    assert namespace(drill) not in namespaces(kept)


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """A kind cluster that these tests alone know of, as a team's own would be; and what reaches it."""
    cache = {**os.environ, "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache"))}
    subprocess.run([DRILL, "stack", "keep", "kind"], env=cache, capture_output=True, check=True)
    facts = json.loads(Path(cache["XDG_CACHE_HOME"], "drill/kept/kind/cluster.json").read_text())
    yield facts
    subprocess.run([DRILL, "stack", "drop", "kind"], env=cache, capture_output=True, check=True)
    nodes = docker.from_env().containers.list(all=True, filters={"label": f"io.x-k8s.kind.cluster={facts['name']}"})
    assert nodes == []


@pytest.mark.parametrize(
    ("scenario", "path", "more"),
    [(SCENARIO, "undo", ""), ("k8s-webhook-down", "naive", ""), ("k8s-helm-success", "prepared", ", programs: [helm]")],
)
def test_the_same_scenario_runs_in_a_cluster_that_is_there(start, kept, second, tmp_path, scenario, path, more):
    kubeconfig = tmp_path / "kubeconfig"
    shutil.copy(second["kubeconfig"], kubeconfig)
    context = yaml.safe_load(kubeconfig.read_text())["current-context"]
    cluster = f"{{uses: kubernetes-cluster, source: existing, context: {context}, kind_name: {second['name']}{more}}}"
    allowed = ("--set", f"allow=[{second['address']}]", "--allow-remote", second["address"])
    env = {"KUBECONFIG": str(kubeconfig), "PATH": os.pathsep.join((os.environ["PATH"], second["tools"]))}
    drill = start(scenario, "--path", path, "--set", f"stack.services.cluster={cluster}", *allowed, env=env)
    drill.until(lambda: namespace(drill) in namespaces(second), "its namespace in the second cluster")
    assert namespace(drill) not in namespaces(kept)
    assert drill.end(LIMIT) == 0, drill.output
    assert drill.leftovers() == []
    assert namespace(drill) not in namespaces(second)


@pytest.fixture
def context(tmp_path, monkeypatch):
    """A kubeconfig with the context `prod`, whose API server is at the URL that the test gives."""

    def write(server):
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            f"clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n"
            "users: [{name: u, user: {}}]\n"
            "contexts: [{name: prod, context: {cluster: c, user: u}}]\n"
        )
        return {"KUBECONFIG": str(kubeconfig)}

    return write


def existing(more=""):
    return ("--set", f"stack.services.cluster={{uses: kubernetes-cluster, source: existing, context: prod{more}}}")


def test_an_existing_cluster_is_refused_unless_it_is_named_twice(start, context):
    drill = start(SCENARIO, *existing(), env=context("https://192.0.2.9:6443"))
    assert drill.end() == 4
    assert "refusing to touch 192.0.2.9" in drill.output


def test_an_api_server_that_does_not_answer_is_named(start, context):
    drill = start(SCENARIO, *existing(), env=context("https://127.0.0.1:1"))
    assert drill.end() == 4
    assert "the API server does not answer" in drill.output
    assert drill.leftovers() == []


def test_a_cluster_that_needs_kind_wants_it_on_the_path(start, context, tmp_path):
    for tool in ("kubectl", "docker"):
        (tmp_path / tool).symlink_to("/bin/true")
    env = {**context("https://127.0.0.1:1"), "PATH": str(tmp_path)}
    drill = start(SCENARIO, *existing(", kind_name: theirs"), env=env)
    assert drill.end() == 4
    assert "the program 'kind' is not on PATH" in drill.output


def test_a_node_image_cannot_be_built_without_a_network(tmp_path, monkeypatch):
    """The engine is the host's and its network cannot be taken away: the build's container gets none."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    create = ContainerCollection.create
    monkeypatch.setattr(
        ContainerCollection, "create", lambda *args, **more: create(*args, **{**more, "network_mode": "none"})
    )
    client = docker.from_env()
    own = IMAGE_RECIPES[0] / "kind-node"
    shutil.copytree(own, tmp_path / "recipes" / "kind-node")
    (tmp_path / "recipes" / "kind-node" / "not-built-yet").touch()
    images = Images(lambda: client, [tmp_path / "recipes", *IMAGE_RECIPES])
    with pytest.raises(EnvironmentProblem, match="could not be built") as refused:
        images.resolve("kind-node")
    assert refused.value.exit_code == 4
    assert "on a host without a network" in str(refused.value.next_step)
    assert not images.is_present("kind-node")
    assert [each for each in client.containers.list(all=True) if "drill-build-kind-node" in each.name] == []

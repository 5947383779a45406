"""Drills on Kubernetes: a cluster of the run's own, really made, and nothing of it left."""

import signal

import docker
import pytest

from harness.model import Phase

SCENARIO = "k8s-bad-image"
LIMIT = 3600
"""The first run on a host makes the node image."""


def of_cluster(drill):
    """Node containers of the drill's cluster; kind's labels are not the harness's."""
    label = f"io.x-k8s.kind.cluster=drill-{drill.folder.name.lower()}"
    return docker.from_env().containers.list(all=True, ignore_removed=True, filters={"label": label})


def begun(drill, phase):
    drill.until(lambda: any(getattr(each, "phase", None) == phase for each in drill.events()), phase, LIMIT)


def test_undo_recovers_from_an_image_that_does_not_start(start):
    drill = start(SCENARIO)
    assert drill.end(LIMIT) == 0, drill.output
    record = drill.record
    assert record["verdict"] == "passed"
    assert record["findings"] == []
    assert [each["recovered"] for each in record["attempts"]] == [True]
    assert 0 < record["outage"]["duration"] < record["budgets"]["rto"]
    facts = {each.name: each.value for each in drill.events() if each.kind == "stack.fact"}
    assert facts["cluster"].startswith("Kubernetes v1.3")
    assert of_cluster(drill) == []
    assert drill.leftovers() == []


@pytest.mark.parametrize("phase", [Phase.PROVISION, Phase.DETECT])
def test_kill_9_leaves_no_cluster(start, phase):
    drill = start(SCENARIO)
    begun(drill, phase)
    if phase is Phase.PROVISION:
        drill.until(lambda: of_cluster(drill), "a node container", LIMIT)
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []
    assert of_cluster(drill) == []


def test_an_existing_cluster_is_refused_unless_it_is_named_twice(start, tmp_path):
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(
        "clusters: [{name: c, cluster: {server: 'https://192.0.2.9:6443'}}]\n"
        "users: [{name: u, user: {}}]\n"
        "contexts: [{name: prod, context: {cluster: c, user: u}}]\n"
    )
    existing = ("--set", "stack.services.cluster={uses: kubernetes-cluster, source: existing, context: prod}")
    drill = start(SCENARIO, *existing, env={"KUBECONFIG": str(kubeconfig)})
    assert drill.end() == 4
    assert "refusing to touch 192.0.2.9" in drill.output

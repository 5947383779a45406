"""What a Kubernetes cluster needs of the host; nothing is started."""

import pytest

from drills.kind_cluster import KubernetesCluster


@pytest.mark.parametrize("source", [{}, {"source": "existing", "context": "theirs"}])
def test_a_program_is_built_only_where_there_is_none(monkeypatch, tmp_path, source):
    cluster = KubernetesCluster(programs=("helm",), **source)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert ("image", "helm") in {(each.kind, each.name) for each in cluster.needs()}
    (tmp_path / "helm").touch(mode=0o755)
    assert ("image", "helm") not in {(each.kind, each.name) for each in cluster.needs()}
    assert "helm" in cluster.provides()


def test_a_gitops_controller_wants_git():
    def tools(cluster):
        return {each.name for each in cluster.needs() if each.kind == "tool"}

    assert tools(KubernetesCluster(gitops={})) - tools(KubernetesCluster()) == {"git"}

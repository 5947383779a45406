"""What is said of pods, and which failure mode it shows. The objects are what an API server 1.34 gave."""

import json
from types import SimpleNamespace

import pytest

from drills.kube_helm import newest_revisions
from drills.kube_pods import _About, _applied, _changed, _problems
from harness.catalogue import classify, load_catalogue
from harness.model import CheckResult, Outcome

QUOTA = (
    'pods "quotes-9b8d6fcd8-bzzxn" is forbidden: exceeded quota: quotes, requested: pods=1, used: pods=2, '
    "limited: pods=2"
)
WEBHOOK = (
    'Internal error occurred: failed calling webhook "guard.quotes.example": failed to call webhook: Post '
    '"https://guard.t2.svc:443/validate?timeout=2s": service "guard" not found'
)


def replica_set(message, replicas=1):
    condition = SimpleNamespace(type="ReplicaFailure", status="True", reason="FailedCreate", message=message)
    return SimpleNamespace(spec=SimpleNamespace(replicas=replicas), status=SimpleNamespace(conditions=[condition]))


@pytest.mark.parametrize(("message", "mode"), [(QUOTA, "K9"), (WEBHOOK, "K10")])
def test_a_pod_that_is_not_created_says_why(message, mode):
    (instance,) = _About({"quotes-9b8d6fcd8": replica_set(message)}, "").not_created()
    assert instance.version == ""
    said = CheckResult(
        name="version",
        outcome=Outcome.FAIL,
        expected="v1",
        seen="v2",
        evidence=(f"{instance.name}: {instance.detail}",),
    )
    assert classify(load_catalogue(), said, []).id == mode


def test_a_replica_set_that_wants_no_pods_misses_none():
    assert list(_About({"quotes-1": replica_set(QUOTA, replicas=0)}, "").not_created()) == []


def test_a_container_of_another_manifest_is_named():
    manifest = {"spec": {"template": {"spec": {"containers": [{"name": "api"}]}}}}
    notes = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(manifest)}
    deployment = SimpleNamespace(metadata=SimpleNamespace(annotations=notes))
    containers = [SimpleNamespace(name="quotes"), SimpleNamespace(name="api")]
    pod = SimpleNamespace(
        metadata=SimpleNamespace(labels=None, owner_references=None), spec=SimpleNamespace(containers=containers)
    )
    assert list(_About({}, "", _applied([deployment])).of(pod)) == [
        "container quotes is not in the manifest that was applied last"
    ]
    assert list(_About({}, "", _applied([])).of(pod)) == []


def helm_secret(release, revision, status, kind="helm.sh/release.v1"):
    labels = {"name": release, "owner": "helm", "status": status, "version": str(revision)}
    return SimpleNamespace(type=kind, metadata=SimpleNamespace(labels=labels))


def test_the_newest_revision_of_each_helm_release_counts():
    secrets = [
        helm_secret("quotes", 9, "superseded"),
        helm_secret("quotes", 10, "pending-upgrade"),
        helm_secret("shop", 1, "deployed"),
        helm_secret("quotes", 11, "deployed", kind="Opaque"),
    ]
    said = {name: str(revision) for name, revision in newest_revisions(secrets).items()}
    assert said == {"quotes": "revision 10 is pending-upgrade", "shop": "revision 1 is deployed"}


def test_a_pod_that_crashes_while_helm_says_deployed_is_k13():
    pod = SimpleNamespace(
        metadata=SimpleNamespace(labels=None, owner_references=None), spec=SimpleNamespace(containers=[])
    )
    (sentence,) = _About({}, "", helm="Helm says that revision 4 is deployed").of(pod)
    for said, mode in (
        (f"CrashLoopBackOff: back-off 10s; {sentence}", "K13"),
        (f"ContainerCreating; {sentence}", None),
    ):
        result = CheckResult(name="version", outcome=Outcome.FAIL, expected="v1", seen="v2", evidence=(said,))
        assert getattr(classify(load_catalogue(), result, []), "id", None) == mode


def changed_by(manager, when, fields=("f:spec",)):
    return SimpleNamespace(manager=manager, time=when, fields_v1=dict.fromkeys(fields))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([changed_by("kubectl-rollout", 1), changed_by("gitops-controller", 2)], "gitops-controller"),
        ([changed_by("gitops-controller", 1), changed_by("kubectl-rollout", 2)], ""),
        ([changed_by("helm", 1), changed_by("kube-controller-manager", 2, fields=("f:status",))], ""),
        ([], ""),
    ],
)
def test_a_controller_that_changed_the_workload_last_is_named(changes, said):
    deployment = SimpleNamespace(metadata=SimpleNamespace(managed_fields=changes))
    sentence = _changed([deployment])
    assert sentence == (f"changed last by the controller {said}" if said else "")
    result = CheckResult(name="version", outcome=Outcome.FAIL, expected="v1", seen="v2", evidence=(sentence,))
    assert getattr(classify(load_catalogue(), result, []), "id", "") == ("K2" if said else "")


def container_state(waiting=None, ended=None, before=None):
    """States by their reason or message; None where the container is not in that state."""
    return SimpleNamespace(
        state=SimpleNamespace(waiting=waiting, terminated=ended), last_state=SimpleNamespace(terminated=before)
    )


def test_a_container_that_ended_is_quoted_unless_it_runs_again():
    ended = SimpleNamespace(exit_code=1, reason="Error", message="14:C 06:00\n# Can't handle RDB format version 12\n")
    waiting = SimpleNamespace(reason="CrashLoopBackOff", message="back-off 10s")

    def problems(state):
        return list(_problems(SimpleNamespace(status=SimpleNamespace(container_statuses=[state], conditions=[]))))

    words = "14:C 06:00 # Can't handle RDB format version 12"
    assert problems(container_state(ended=ended)) == ["ended with exit code 1 (Error)", words]
    assert problems(container_state(waiting, before=ended)) == ["CrashLoopBackOff: back-off 10s", words]
    assert problems(container_state(before=ended)) == []

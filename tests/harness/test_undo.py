"""Undoing: idempotent, one failure stops nothing, and a marked process cannot hide."""

import subprocess
import sys

import psutil
import pytest

from harness.containers import Containers
from harness.ledger import Ledger, Undo
from harness.undo import end_processes, remove_path, undo_all


def test_one_that_cannot_be_undone_is_named_and_the_others_go_on(tmp_path):
    ledger, left = Ledger(tmp_path), []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        ledger.plan(Undo(kind="path", what=name, params={"path": str(tmp_path / name)}))
        ledger.plan(Undo(kind="no such undoer", what=f"after {name}", params={}))
    assert undo_all(ledger, lambda entry, reason: left.append((entry.undo.what, reason))) is False
    assert [what for what, _ in left] == ["after b", "after a"]
    assert "no undoer is registered for 'no such undoer'" in left[0][1]
    assert not (tmp_path / "a").exists() and not (tmp_path / "b").exists()
    assert [each.undo.what for each in ledger.open_entries()] == ["after b", "after a"]


def test_what_is_gone_counts_as_undone(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.plan(Undo(kind="path", what="nothing", params={"path": str(tmp_path / "nothing")}))
    assert undo_all(ledger, lambda *_: pytest.fail("nothing to complain about")) is True
    assert ledger.open_entries() == []


def test_a_link_is_removed_and_not_what_it_points_to(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove_path({"path": str(tmp_path / "link")})
    assert (tmp_path / "kept").is_dir() and not (tmp_path / "link").exists()


def test_processes_of_a_run_are_ended_however_they_resist_and_no_others():
    stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print(1, flush=True); signal.pause()"
    mine, other = (
        subprocess.Popen(
            [sys.executable, "-c", stubborn], env={"DRILL_RUN": run}, stdout=subprocess.PIPE, start_new_session=True
        )
        for run in ("test-undo-mine", "test-undo-other")
    )
    try:
        for process in (mine, other):
            assert process.stdout.readline() == b"1\n"
        end_processes({"run": "test-undo-mine"})
        assert not psutil.pid_exists(mine.pid)
        assert psutil.pid_exists(other.pid) and other.poll() is None
    finally:
        for process in (mine, other):
            process.kill()
            process.communicate()


@pytest.mark.live
def test_a_network_goes_with_what_is_attached_to_it(tmp_path):
    from harness.images import Images
    from harness.runner.session import recipe_folders

    ledger = Ledger(tmp_path)
    containers = Containers("test-undo-network", tmp_path, ledger)
    image = Images(lambda: containers.client, recipe_folders(), print).resolve("debian").tag
    container = containers.start("sleeper", image, command=["sleep", "1000"])
    assert container.running() and container.address
    (network,) = containers.client.networks.list(names=[containers.network])
    assert network.attrs["Internal"] is True
    # Another's container on our network: an emulator's task, say.
    containers.client.containers.run(
        image, ["sleep", "1000"], detach=True, network=containers.network, name="test-undo-foreign"
    )
    assert undo_all(ledger, lambda entry, reason: pytest.fail(f"{entry}: {reason}")) is True
    names = {each.name for each in containers.client.containers.list(all=True)}
    assert not names & {container.name, "test-undo-foreign"}
    assert not containers.client.networks.list(names=[containers.name("net")])

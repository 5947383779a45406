"""Hosts that are reached over ssh: a whole drill, and what happens to connections, keys and remote processes."""

import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from harness.containers import engine_client
from tests.live.conftest import SHORT

HUNG = "vps-deploy-lock"
"""Its bad release is deployed by a command that waits on the host for ever."""


def host(drill):
    return engine_client().containers.get(f"drill-{drill.folder.name}-app1")


def scratch(drill):
    return Path("/tmp") / f"drill-{drill.folder.name}"


def remote_processes(drill):
    """Processes on the host that the deploy user's connections started; the service itself is none of them."""
    answer = host(drill).exec_run(["pgrep", "-u", "deploy", "-f", "warm-up"])
    return answer.output.decode().split()


def ssh(drill, *words):
    return subprocess.run(
        [scratch(drill) / "ssh" / "bin" / "ssh", *words], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.fixture
def hung(start):
    drill = start(HUNG, "--path", "prepared", *SHORT)
    drill.reach("release bad")
    drill.until(lambda: remote_processes(drill), "a remote command that waits")
    return drill


def test_workers_that_keep_the_old_directory_are_named_and_a_restart_recovers(start):
    drill = start("vps-stale-workers", *SHORT)
    drill.reach("baseline")
    folder = scratch(drill) / "ssh"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    key = (folder / "id_ed25519").read_text().splitlines()[1:-1]
    assert drill.end() == 0, drill.output

    record = drill.record
    assert [each["mode"] for each in record["findings"]] == ["V1"]
    assert [each["recovered"] for each in record["attempts"]] == [False, True]
    assert record["writes"]["lost"] == 0 and record["writes"]["acknowledged"] > 0
    reloaded, restarted = (
        {(row["layer"], row["key"]): (row["after"], row["residue_class"]) for row in each["residue"]}
        for each in record["attempts"]
    )
    old_workers = {
        ("processes", f"{host} workers outside of current"): ("in v2", "breaks the old release")
        for host in ("app1", "app2")
    }
    assert reloaded == {**restarted, **old_workers}
    assert [(*where, what[1]) for where, what in restarted.items()] == [
        ("releases", f"{host} v2", "harmless") for host in ("app1", "app2")
    ]
    kept = "".join(file.read_text(errors="replace") for file in drill.folder.rglob("*") if file.is_file())
    assert not [line for line in key if line in kept] and "PRIVATE KEY" not in kept
    assert not folder.exists()


def test_a_hung_remote_command_dies_with_its_step_and_the_drill_goes_on(hung):
    hung.reach("detect")
    hung.until(lambda: not remote_processes(hung), "the end of the remote command", timeout=10)
    connections = host(hung).exec_run(["systemctl", "list-units", "--plain", "--no-legend", "ssh@*"]).output.decode()
    assert connections.count("ssh@") <= 2, "only what the rollback opens by now"
    assert hung.end() == 0, hung.output
    assert hung.record["findings"] == []


def test_a_wrong_host_key_is_refused_and_kill_9_in_a_deploy_leaves_nothing(hung):
    assert ssh(hung, "app1", "true").returncode == 0
    remade = "rm /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key"
    assert host(hung).exec_run(["sh", "-c", remade]).exit_code == 0
    refused = ssh(hung, "app1", "true")
    assert refused.returncode == 255
    assert "Host key verification failed" in refused.stderr

    os.kill(hung.process.pid, signal.SIGKILL)
    hung.process.wait()
    assert hung.gone(60) == []

"""Deciding what to do about a missing engine, and asking for one that is not there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psutil
import pytest

from harness import engine, engine_setup
from harness.engine import Action, HostFacts, decide
from harness.errors import EnvironmentProblem

BARE = HostFacts(external=False, root=True, distribution="debian", version="12", has_dockerd=False, running=False)


def but(**changes: object) -> HostFacts:
    return BARE.model_copy(update=changes)


@pytest.mark.parametrize(
    ("facts", "action"),
    [
        (BARE, Action.INSTALL),
        (but(distribution="ubuntu", version="24.04"), Action.INSTALL),
        (but(has_dockerd=True), Action.START),
        (but(has_dockerd=True, running=True), Action.WAIT),
        (but(running=True), Action.WAIT),
        (but(distribution="fedora", has_dockerd=True), Action.START),
    ],
)
def test_root_gets_what_is_missing(facts: HostFacts, action: Action) -> None:
    assert decide(facts, True, "") is action


@pytest.mark.parametrize(
    ("facts", "install", "says"),
    [
        (but(external=True), True, "unset DRILL_ENGINE and DOCKER_HOST"),
        (but(external=True, has_dockerd=True), True, "unset DRILL_ENGINE and DOCKER_HOST"),
        (but(root=False), True, "sudo drill doctor --fix"),
        (but(root=False, has_dockerd=True), True, "sudo systemctl start docker"),
        (but(root=False, running=True), True, "usermod -aG docker"),
        (but(root=False, distribution="fedora"), True, "Docker Engine 24"),
        (but(distribution="fedora"), True, "Docker Engine 24"),
        (BARE, False, "drill doctor --fix"),
    ],
)
def test_a_refusal_says_what_to_type(facts: HostFacts, install: bool, says: str) -> None:
    with pytest.raises(EnvironmentProblem) as caught:
        decide(facts, install, "no such file")
    assert says in caught.value.next_step
    assert "no such file" in caught.value.message


def test_an_installed_engine_is_started_without_leave_to_install() -> None:
    assert decide(but(has_dockerd=True), False, "") is Action.START


def test_status_of_an_engine_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    status = engine.engine_status()
    assert (status.reachable, status.version) == (False, "")
    assert status.reason


def test_an_engine_elsewhere_is_never_ours_to_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    lines: list[str] = []
    with pytest.raises(EnvironmentProblem, match="not ours to start"):
        engine.ensure_engine(lines.append, install=True)
    assert lines == []


@pytest.mark.parametrize(
    ("variable", "value", "external"),
    [
        ("DRILL_ENGINE", "external", True),
        ("DRILL_ENGINE", "", False),
        ("DOCKER_HOST", "tcp://192.0.2.1:2376", True),
        ("DOCKER_HOST", "unix:///var/run/docker.sock", False),
    ],
)
def test_who_owns_the_engine(monkeypatch: pytest.MonkeyPatch, variable: str, value: str, external: bool) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.delenv("DRILL_ENGINE", raising=False)
    monkeypatch.setenv(variable, value)
    assert engine.host_facts().external is external


def test_a_stale_socket_file_is_no_running_engine(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert engine.listens(path) is True
    assert path.exists()
    assert engine.listens(path) is False
    assert engine.listens(tmp_path / "none.sock") is False


def test_a_dead_dockerd_that_nobody_reaped_is_no_running_engine(tmp_path: Path) -> None:
    # An executable of that name, because the name is all that other processes see.
    program = tmp_path / "dockerd"
    shutil.copy(shutil.which("sleep") or "", program)
    before = engine.dockerd_runs()
    process = subprocess.Popen([program, "60"])
    try:
        assert engine.dockerd_runs() is True
        pid_file = tmp_path / "docker.pid"
        pid_file.write_text(str(process.pid))
        engine_setup.forget_dead(pid_file)
        assert pid_file.exists()
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE
        assert engine.dockerd_runs() is before
        pid_file.write_text(str(process.pid))
        engine_setup.forget_dead(pid_file)
        assert not pid_file.exists()
    finally:
        process.kill()
        process.wait()


def test_debian_13_is_pinned_away_except_for_the_engine() -> None:
    everything, the_engine = engine_setup.PINS.split("\n\n")
    assert "Package: *" in everything
    assert "Pin-Priority: -10" in everything
    assert "runc" not in the_engine
    assert {"docker.io", "containerd"} <= set(the_engine.split())


def test_the_source_names_the_hosts_mirror_and_only_an_existing_keyring() -> None:
    assert engine_setup.trixie_source("http://mirror.example/debian/", Path("/k.gpg")).splitlines() == [
        "Types: deb",
        "URIs: http://mirror.example/debian/",
        "Suites: trixie",
        "Components: main",
        "Signed-By: /k.gpg",
    ]
    assert "Signed-By" not in engine_setup.trixie_source("http://mirror.example/debian/", None)


def test_ubuntu_has_no_package_of_the_client() -> None:
    assert "docker-cli" in engine_setup.packages_for("debian")
    assert "docker-cli" not in engine_setup.packages_for("ubuntu")


def test_an_engine_that_ends_at_once_shows_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "dockerd.log"
    log.write_text("first\nfailed to start daemon: no iptables\n")
    monkeypatch.setattr(engine_setup, "ENGINE_LOG", log)
    process = subprocess.Popen(["false"])
    process.wait()
    with pytest.raises(EnvironmentProblem, match="no iptables") as caught:
        engine_setup.wait_until(lambda: False, process)
    assert str(log) in caught.value.next_step


def test_an_engine_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine_setup, "_START_TIMEOUT", 0.2)
    monkeypatch.setattr(engine_setup, "ENGINE_LOG", tmp_path / "none.log")
    with pytest.raises(EnvironmentProblem, match="has not answered"):
        engine_setup.wait_until(lambda: False, None)


@pytest.mark.live
def test_a_running_engine_is_left_alone() -> None:
    lines: list[str] = []
    before = engine.engine_status()
    assert engine.ensure_engine(lines.append, install=True) == before
    assert before.reachable
    assert lines == []

"""The container engine: is one there, and how to get one on a bare Debian or Ubuntu host.

``drill doctor --fix`` and ``make setup`` call `ensure_engine`; a run only asks `engine_status`.
What to do is decided from `HostFacts` alone (`decide`); `harness.engine_setup` does it.
"""

from __future__ import annotations

import os
import platform
import shutil
import socket
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import docker
import psutil
import requests
from docker.errors import DockerException

from harness import engine_setup
from harness.errors import EnvironmentProblem
from harness.model import Frozen

SOCKET = Path("/var/run/docker.sock")
_ASK_TIMEOUT = 5


class EngineStatus(Frozen):
    """What the engine answered."""

    reachable: bool
    version: str = ""
    reason: str = ""
    """Why it is not reachable; empty where it is."""


class HostFacts(Frozen):
    """Everything that decides what `ensure_engine` does."""

    external: bool
    """``DRILL_ENGINE=external``, or ``DOCKER_HOST`` names an engine elsewhere: not ours to install or start."""
    root: bool
    distribution: str
    """``ID`` of /etc/os-release: ``debian``, ``ubuntu``, another, or empty."""
    version: str
    """``VERSION_ID`` of /etc/os-release."""
    has_dockerd: bool
    running: bool
    """A dockerd process or a listening engine socket is there, answering or not."""


class Action(StrEnum):
    """What is missing between this host and an engine that answers."""

    WAIT = "wait"
    START = "start"
    INSTALL = "install and start"


def engine_status() -> EngineStatus:
    """Asks the engine that ``DOCKER_HOST`` or the default socket names; takes at most about 5 s, never raises."""
    try:
        client = docker.from_env(timeout=_ASK_TIMEOUT)
        try:
            return EngineStatus(reachable=True, version=str(client.version()["Version"]))
        finally:
            client.close()
    except (DockerException, requests.RequestException, OSError) as error:
        return EngineStatus(reachable=False, reason=" ".join(str(error).split()))


def ensure_engine(progress: Callable[[str], None], install: bool) -> EngineStatus:
    """Makes sure that an engine answers and can make a network.

    An installed engine that does not run is started; a second one is never started beside a running
    one, because the two would fight over ``docker0`` and the packet filter.

    Args:
        progress: receives one line per step.
        install: whether packages may be installed.

    Raises:
        EnvironmentProblem: there is none and this process may not or could not provide it;
            ``next_step`` says what to type.
    """
    status = engine_status()
    if not status.reachable:
        with engine_setup.alone():
            status = _provide(progress, install)
    _check_network()
    return status


def _provide(progress: Callable[[str], None], install: bool) -> EngineStatus:
    status = engine_status()
    if status.reachable:
        return status
    facts = host_facts()
    action = decide(facts, install, status.reason)
    if action is Action.INSTALL:
        progress(f"no container engine answers: installing one (log: {engine_setup.INSTALL_LOG})")
        engine_setup.install(facts.distribution, facts.version)
        # The package's own scripts may have started it.
        action = Action.WAIT if dockerd_runs() else Action.START
    process = None
    if action is Action.START:
        progress(f"starting dockerd (log: {engine_setup.ENGINE_LOG})")
        process = engine_setup.start()
    engine_setup.wait_until(lambda: engine_status().reachable, process)
    return engine_status()


def decide(facts: HostFacts, install: bool, reason: str) -> Action:
    """What to do about an engine that does not answer.

    Raises:
        EnvironmentProblem: nothing that this process may do would help.
    """
    seen = f"expected a container engine that answers; {reason or 'none does'}"
    if facts.external:
        raise EnvironmentProblem(
            f"{seen} (DRILL_ENGINE or DOCKER_HOST says that it is not ours to start)",
            next_step="start that engine, or unset DRILL_ENGINE and DOCKER_HOST",
        )
    if not facts.root:
        raise EnvironmentProblem(seen, next_step=_without_root(facts))
    if facts.running:
        return Action.WAIT
    if facts.has_dockerd:
        return Action.START
    if facts.distribution not in ("debian", "ubuntu"):
        raise EnvironmentProblem(
            f"{seen}; installing one is automated for Debian and Ubuntu only, not {facts.distribution or 'this'}",
            next_step="install Docker Engine 24 or later and start it, then run `drill doctor`",
        )
    if not install:
        raise EnvironmentProblem(f"{seen}; none is installed", next_step="drill doctor --fix")
    return Action.INSTALL


def _without_root(facts: HostFacts) -> str:
    if facts.running:
        return 'sudo usermod -aG docker "$USER" && newgrp docker'
    if facts.has_dockerd:
        return "sudo systemctl start docker   (without systemd: sudo drill doctor --fix)"
    if facts.distribution in ("debian", "ubuntu"):
        return "sudo drill doctor --fix   (installs and starts one)"
    return "install Docker Engine 24 or later (or Docker Desktop) and start it"


def host_facts() -> HostFacts:
    """Reads the facts from this host; changes nothing."""
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        release = {}
    elsewhere = os.environ.get("DOCKER_HOST", "") not in ("", f"unix://{SOCKET}", "unix:///run/docker.sock")
    return HostFacts(
        external=os.environ.get("DRILL_ENGINE") == "external" or elsewhere,
        root=os.geteuid() == 0,
        distribution=release.get("ID", ""),
        version=release.get("VERSION_ID", ""),
        has_dockerd=shutil.which("dockerd") is not None,
        running=dockerd_runs() or listens(SOCKET),
    )


def dockerd_runs() -> bool:
    """Whether a dockerd process is there, whoever started it; one that died and was not reaped does not count."""
    return any(
        process.info["name"] == "dockerd" and process.info["status"] != psutil.STATUS_ZOMBIE
        for process in psutil.process_iter(["name", "status"])
    )


def listens(path: Path) -> bool:
    """Whether something listens on the Unix socket; one that refuses this user counts, a stale file does not."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_ASK_TIMEOUT)
        try:
            probe.connect(str(path))
        except (PermissionError, TimeoutError):
            return True
        except OSError:
            return False
    return True


def _check_network() -> None:
    """An engine may answer and still be unable to make a network (no iptables, no rights): find out now."""
    client = docker.from_env(timeout=30)
    try:
        client.networks.create(f"drill-preflight-{os.getpid()}", labels={"drill.preflight": "1"}).remove()
    except (DockerException, requests.RequestException) as error:
        raise EnvironmentProblem(
            f"the container engine answers but cannot make a network: {' '.join(str(error).split())}",
            next_step=f"is iptables installed? the engine's log may say more: {engine_setup.ENGINE_LOG} or journalctl",
        ) from error
    finally:
        client.close()

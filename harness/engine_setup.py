"""Installs and starts Docker on Debian and Ubuntu; everything here needs root and changes the host.

Debian 12's own engine (20.10) cannot run privileged containers where root lacks CAP_SYS_RESOURCE, and
kind needs them: on Debian 12 the engine comes from Debian 13, pinned by package, and runc stays Debian
12's (Debian 13's wants a newer libc).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from harness.errors import EnvironmentProblem

ENGINE_LOG = Path("/var/log/drill-dockerd.log")
INSTALL_LOG = Path("/var/log/drill-engine-install.log")
PACKAGES = ("docker.io", "containerd", "runc", "iptables", "mmdebstrap")
"""mmdebstrap builds the base image where none can be pulled."""

_PID_FILES = (Path("/var/run/docker.pid"), Path("/var/run/docker/containerd/containerd.pid"))
_APT = Path("/etc/apt")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_INSTALL_TIMEOUT = 600.0
_START_TIMEOUT = 60.0

PINS = """\
# Written by `drill doctor --fix`: only the container engine comes from Debian 13.
Package: *
Pin: release n=trixie
Pin-Priority: -10

Package: docker.io docker-cli containerd docker-buildx
Pin: release n=trixie
Pin-Priority: 900
"""


@contextmanager
def alone() -> Iterator[None]:
    """Keeps a second process from installing or starting an engine at the same time.

    Without root nothing will be installed or started, and /run is not writable: no lock then.
    """
    if os.geteuid() != 0:
        yield
        return
    lock = FileLock("/run/drill-engine.lock", timeout=_INSTALL_TIMEOUT)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentProblem(
            f"another process has been setting up the engine for more than {_INSTALL_TIMEOUT:.0f} s",
            next_step=f"read {INSTALL_LOG} and {ENGINE_LOG}",
        ) from error
    try:
        yield
    finally:
        lock.release()


def packages_for(distribution: str) -> tuple[str, ...]:
    """Package names; Debian ships the client apart from the engine, Ubuntu does not."""
    return (*PACKAGES, "docker-cli") if distribution == "debian" else PACKAGES


def trixie_source(mirror: str, keyring: Path | None) -> str:
    """The deb822 source of Debian 13 on the mirror that this host already uses."""
    lines = [f"Types: deb\nURIs: {mirror}\nSuites: trixie\nComponents: main\n"]
    if keyring:
        lines.append(f"Signed-By: {keyring}\n")
    return "".join(lines)


def install(distribution: str, version: str) -> None:
    """Installs the engine's packages; about 20 s.

    Raises:
        EnvironmentProblem: apt failed; names the log.
    """
    if (distribution, version) == ("debian", "12"):
        source = _APT / "sources.list.d" / "drill-trixie.sources"
        # The pins first: no moment in which an upgrade would take Debian 13 for everything.
        (_APT / "preferences.d" / "drill-trixie").write_text(PINS, encoding="utf-8")
        source.write_text(trixie_source(_mirror(), _KEYRING if _KEYRING.is_file() else None), encoding="utf-8")
    _apt_get("update", "-q")
    _apt_get("install", "-qy", "--no-install-recommends", *packages_for(distribution))


def _mirror() -> str:
    """Address of the mirror that Debian 12 comes from here; asks apt, so that every way to configure it counts."""
    answer = subprocess.run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI)",
            "Created-By: Packages",
            "Release: bookworm",
            "Component: main",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if not (lines := answer.stdout.split()):
        raise EnvironmentProblem(
            "expected a source of Debian 12 (bookworm main) in apt's configuration, found none",
            next_step="add one to /etc/apt/sources.list.d, or install Docker Engine 24 or later yourself",
        )
    return lines[0]


def _apt_get(*arguments: str) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *arguments]
    with INSTALL_LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(command)}\n")
        log.flush()
        try:
            code = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                timeout=_INSTALL_TIMEOUT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = -1
    if code != 0:
        raise _problem(f"`{' '.join(command)}` failed (exit code {code})", INSTALL_LOG)


def start() -> subprocess.Popen[bytes] | None:
    """Starts the installed engine: through systemd where that runs, else detached in a session of its own.

    Returns:
        The engine's process where it is ours, so that its early end is noticed.
    """
    if Path("/run/systemd/system").is_dir():
        subprocess.run(["systemctl", "start", "docker"], timeout=_START_TIMEOUT, check=False, capture_output=True)
        return None
    for pid_file in _PID_FILES:
        forget_dead(pid_file)
    with ENGINE_LOG.open("ab") as log:
        return subprocess.Popen(
            ["dockerd"], cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def forget_dead(pid_file: Path) -> None:
    """Removes a PID file whose process died without being reaped: dockerd would take it for a running one.

    Happens where PID 1 is no init system. A PID file of a living process stays.
    """
    try:
        process = psutil.Process(int(pid_file.read_text(encoding="ascii")))
        if process.status() == psutil.STATUS_ZOMBIE:
            pid_file.unlink()
    except (OSError, ValueError, psutil.NoSuchProcess):
        return  # no file, not a number, or a process that is gone: dockerd itself copes with these


def wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes] | None) -> None:
    """Waits until the engine answers.

    Raises:
        EnvironmentProblem: it ended, or has not answered after 60 s.
    """
    end = time.monotonic() + _START_TIMEOUT
    while not answers():
        if process and (code := process.poll()) is not None:
            raise _problem(f"dockerd ended at once (exit code {code})", ENGINE_LOG)
        if time.monotonic() > end:
            raise _problem(f"dockerd has not answered for {_START_TIMEOUT:.0f} s", ENGINE_LOG)
        time.sleep(0.3)


def _problem(seen: str, log: Path) -> EnvironmentProblem:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:] if log.is_file() else []
    return EnvironmentProblem("\n".join([seen, *lines]), next_step=f"read {log}")

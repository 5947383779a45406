"""What breaks beside the release on a host that is reached over ssh: access, rights, lock, disk, stored releases.

Everything is broken on the host itself, through the container engine, and goes with its container.
"""

from __future__ import annotations

import shlex
import subprocess
from abc import abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime
from os import uname

from drills.vps import RunningVps, Vps
from harness.containers import RunningContainer
from harness.errors import EnvironmentProblem
from harness.sabotages import Armed, Ended, NothingToBreak, Saboteur, Site
from harness.scenario.models import Scenario

_KEYS = "/home/deploy/.ssh/authorized_keys"
_RIGHTS = "/etc/sudoers.d/deploy"
_AWAY = "/root/drill-away"
"""Where on the host things are put that are gone."""
_FILL = """
set -e
mkdir -p {away}/disk
size=$(du -sk /srv/app | cut -f1)
mount -t tmpfs -o size=$((size + 1024))k,mode=755 drill {away}/disk
chown --reference=/srv/app {away}/disk
cp -a /srv/app/. {away}/disk/
head -c 1G /dev/zero > {away}/disk/.filled 2> /dev/null || true
mount --bind {away}/disk /srv/app
! runuser -u deploy -- sh -c 'head -c 4096 /dev/zero > /srv/app/.proof' 2> /dev/null
rm -f /srv/app/.proof
"""
"""A small disk with all that the host has of the service, filled to the last byte, in place of the folder."""


class VpsSaboteur(Saboteur):
    """Breaks something on one of the hosts; the dice say which."""

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """Only hosts that are reached over ssh can be broken so."""
        return None if isinstance(scenario.stack.platform, Vps) else "no host in this stack is reached over ssh"

    def arm(self, site: Site) -> Armed:
        """Break it on one host."""
        platform = site.bench.platform
        assert isinstance(platform, RunningVps)
        return self.on(site, platform, site.dice.choice(sorted(platform.hosts)))

    @abstractmethod
    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:
        """Break it on host ``name``."""


class SshKeyExpired(VpsSaboteur):
    """sshd takes the key of the deploy user no longer."""

    name = "ssh-key-expired"
    breaks = "a host takes the deploy user's ssh key no longer"
    passes = True

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """Take the key off the host's list."""
        host = platform.hosts[name]
        _must(host, f"mv {_KEYS} {_AWAY}")
        if platform.access.enters(name):
            raise EnvironmentProblem(f"{name} takes a key that it does not know")
        return _moved(host, _KEYS, f"{name} takes the deploy user's key no longer")


class SudoDenied(VpsSaboteur):
    """The deploy user may not restart the service."""

    name = "sudo-denied"
    breaks = "the deploy user of a host has lost its right to restart the service"

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """Take the rule away."""
        host = platform.hosts[name]
        _must(host, f"mv {_RIGHTS} {_AWAY} && ! runuser -u deploy -- sudo -n -l /usr/bin/systemctl restart app")
        return _moved(host, _RIGHTS, f"the deploy user of {name} may not restart the service")


class DeployLockLeft(VpsSaboteur):
    """A job that was cancelled has left the lock of a deploy."""

    name = "deploy-lock-left"
    breaks = "a job that is gone holds a host's deploy lock"

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """Lock as the scripts do, in the name of a process that has ended."""
        host = platform.hosts[name]
        with subprocess.Popen(["true"]) as ended:
            pass
        owner = f"deploy.sh on {uname().nodename} pid {ended.pid} since {datetime.now(UTC):%FT%TZ}"
        lock = "/srv/app/deploy.lock"
        _must(host, f"[ -e {lock} ] || echo {shlex.quote(owner)} | runuser -u deploy -- tee {lock} > /dev/null")

        def undo() -> Ended:
            _must(host, f"! grep -qxF {shlex.quote(owner)} {lock} 2> /dev/null || rm -f {lock}")
            return Ended()

        return Armed(f"{name} is locked by {owner}", undo)


class DiskFull(VpsSaboteur):
    """Nothing can be written where releases lie."""

    name = "disk-full"
    breaks = "the disk that a host keeps its releases on is full"

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """Put a small disk in the place of the folder, and fill it."""
        host = platform.hosts[name]
        _must(host, _FILL.format(away=_AWAY))

        def undo() -> Ended:
            _must(host, "rm -f /srv/app/.filled && mount -o remount,size=1G /srv/app")
            return Ended()

        return Armed(f"no byte is free in /srv/app of {name}", undo)


class ReleaseGone(VpsSaboteur):
    """A clean-up has removed the release that the rollback goes back to."""

    name = "release-gone"
    breaks = "a host does not have the folder of the good release any more"

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:
        """Put its folders away."""
        host, folder = platform.hosts[name], _folder(platform.hosts[name], site.good)
        _must(host, f"mv {folder} {_AWAY}")
        return _moved(host, folder, f"the folder of {site.good} is gone from {name}")


class TargetBad(VpsSaboteur):
    """The release that the rollback goes back to has the fault too: it was called good too early."""

    name = "target-bad"
    breaks = "the good release on a host has the fault of the bad one too"

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:
        """The files of the bad release under the name, and with the version, of the good one."""
        host, folder = platform.hosts[name], _folder(platform.hosts[name], site.good)
        keep = f"cp -a {folder} {_AWAY}"
        bad = "$(readlink -f /srv/app/current)"
        _must(host, f"{keep} && cp -a {bad}/. {folder}/ && cp -a {_AWAY}/VERSION {folder}/VERSION")

        def undo() -> Ended:
            _must(host, f"cp -a {_AWAY}/. {folder}/ && rm -rf {_AWAY}")
            return Ended()

        return Armed(f"{site.good} on {name} has the code of the bad release", undo)


class SshDnsDown(VpsSaboteur):
    """The names of the hosts cannot be resolved where the team's commands run."""

    name = "ssh-dns-down"
    breaks = "the names of the hosts cannot be resolved where the rollback runs"
    passes = True
    simulated = True

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """Names that no resolver knows (RFC 6761, 6.4) in place of the hosts' addresses."""
        config = platform.access.config
        before = config.read_text(encoding="utf-8")
        after = before
        for each, host in platform.hosts.items():
            after = after.replace(f"HostName {host.address}\n", f"HostName {each}.invalid\n")
        config.write_text(after, encoding="utf-8")
        if platform.access.enters(name):
            raise EnvironmentProblem(f"{name}.invalid is the name of a host here")

        def undo() -> Ended:
            config.write_text(before, encoding="utf-8")
            return Ended()

        return Armed(f"{', '.join(platform.hosts)}: no such name", undo)


class PackageGone(VpsSaboteur):
    """A package that the good release pins has been taken off its archive."""

    name = "package-gone"
    breaks = "the archive of a host lacks a package that releases are built from"
    simulated = True

    def on(self, site: Site, platform: RunningVps, name: str) -> Armed:  # noqa: ARG002
        """The host's wheel folder stands for the archive; the package is the framework."""
        host = platform.hosts[name]
        found = _said(host, "ls -d /opt/wheels/[Ff]lask-*")
        if not found:
            raise NothingToBreak(f"{name} has no archive in /opt/wheels with flask in it")
        _must(host, f"mv {found} {_AWAY}")
        return _moved(host, found, f"the archive has {found.rpartition('/')[2]} no longer")


@dataclass(frozen=True)
class _Answer:
    ok: bool
    text: str


def _ask(host: RunningContainer, script: str) -> _Answer:
    ran = host.handle.exec_run(["bash", "-c", script])
    return _Answer(ran.exit_code == 0, ran.output.decode("utf-8", "replace").strip())


def _said(host: RunningContainer, script: str) -> str:
    answer = _ask(host, script)
    return answer.text if answer.ok else ""


def _must(host: RunningContainer, script: str) -> None:
    if not (answer := _ask(host, script)).ok:
        raise EnvironmentProblem(f"{host.name}: expected success of {script.strip()!r}, saw {answer.text!r}")


def _moved(host: RunningContainer, place: str, what: str) -> Armed:
    """``place`` was put away; undone where nothing else has been put there meanwhile."""

    def undo() -> Ended:
        _must(host, f"[ -e {place} ] || mv {_AWAY} {place}")
        return Ended()

    return Armed(what, undo)


def _folder(host: RunningContainer, version: str) -> str:
    """The newest folder of release ``version``. Raises NothingToBreak where releases are no folders."""
    if found := _said(host, f"ls -d /srv/app/releases/*-{shlex.quote(version)} | tail -n 1"):
        return found
    raise NothingToBreak(f"{host.name} keeps no folder of {version}")

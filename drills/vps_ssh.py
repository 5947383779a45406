"""Access of a run's commands to its hosts: a key of the run's own, host keys known beforehand, nothing else.

Everything is in the run's scratch folder, which teardown removes. Host keys are read through the container engine,
the one way to a host that does not go over the connection that they protect; `ssh` refuses any other key.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tarfile import TarFile, TarInfo

from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.limits import wait_until
from harness.spi import Run

USER = "deploy"
_CLIENTS = ("ssh", "scp", "sftp")
"""Programs that get the run's configuration by a wrapper on PATH; git and rsync start `ssh` from PATH themselves."""
_HOST_KEY = "/etc/ssh/ssh_host_ed25519_key.pub"


@dataclass(frozen=True)
class SshAccess:
    """The folder with key, known hosts, configuration and wrappers of one run."""

    run: Run
    folder: Path

    @classmethod
    def make(cls, run: Run) -> SshAccess:
        """Make the key and the configuration of ``run``. Raises ProvisionProblem where ssh-keygen fails."""
        folder = run.scratch / "ssh"
        (folder / "bin").mkdir(parents=True, mode=0o700)
        folder.chmod(0o700)
        key = folder / "id_ed25519"
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"drill {run.id}", "-f", str(key)]
        made = subprocess.run(argv, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if made.returncode:
            raise ProvisionProblem(f"ssh-keygen made no key: {made.stderr.strip()}")
        for line in key.read_text(encoding="ascii").splitlines()[1:-1]:
            run.redactor.add(line)
        access = cls(run, folder)
        (folder / "known_hosts").touch(mode=0o600)
        access.config.write_text(access._common(), encoding="utf-8")
        for client in _CLIENTS:
            access._wrap(client)
        return access

    @property
    def config(self) -> Path:
        """The ssh configuration file."""
        return self.folder / "config"

    def environment(self) -> Mapping[str, str]:
        """PATH with the wrappers first, and where the configuration is."""
        path = self.run.environment()["PATH"]
        return {"PATH": f"{self.folder / 'bin'}:{path}", "SSH_CONFIG": str(self.config)}

    def admit(self, name: str, host: RunningContainer, timeout: float) -> None:
        """Let the key into ``host``, note the host's key, and wait until ``ssh <name>`` works as commands will use it.

        Raises:
            ProvisionProblem: it does not within ``timeout`` seconds; ssh's own words.
        """
        _write(host, f"/home/{USER}/.ssh", "authorized_keys", (self.folder / "id_ed25519.pub").read_bytes())
        host_key = host.handle.exec_run(["cat", _HOST_KEY])
        if host_key.exit_code:
            raise ProvisionProblem(f"{host.name} has no host key {_HOST_KEY}", next_step=host.tail())
        kind, key = host_key.output.decode("ascii").split()[:2]
        with (self.folder / "known_hosts").open("a", encoding="ascii") as known:
            known.write(f"{name} {kind} {key}\n")
        with self.config.open("a", encoding="utf-8") as config:
            config.write(f"\nHost {name}\n    HostName {host.address}\n    HostKeyAlias {name}\n")
        if wait_until(lambda: self.enters(name) or None, timeout) is None:
            raise ProvisionProblem(f"{host.name} lets nobody in: {self._try(name).stderr.strip()}")

    def enters(self, name: str) -> bool:
        """Whether ``ssh <name>`` works now."""
        return self._try(name).returncode == 0

    def _try(self, name: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self.folder / "bin" / "ssh"), name, "true"]
        env = self.run.environment(self.environment())
        return subprocess.run(argv, env=env, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def _common(self) -> str:
        """What holds for every host (ssh_config(5)); the first value that is found counts, so it stands first."""
        return "\n".join(
            (
                f"User {USER}",
                f'IdentityFile "{self.folder / "id_ed25519"}"',
                "IdentitiesOnly yes",
                "IdentityAgent none",
                f'UserKnownHostsFile "{self.folder / "known_hosts"}"',
                "GlobalKnownHostsFile none",
                "StrictHostKeyChecking yes",
                "UpdateHostKeys no",
                "BatchMode yes",
                "ConnectTimeout 10",
                # A connection that is dead in both directions ends after half a minute.
                "ServerAliveInterval 10",
                "ServerAliveCountMax 3",
                "",
            )
        )

    def _wrap(self, client: str) -> None:
        if program := shutil.which(client):
            wrapper = self.folder / "bin" / client
            wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(program)} -F {shlex.quote(str(self.config))} "$@"\n')
            wrapper.chmod(0o700)


def _write(host: RunningContainer, folder: str, name: str, content: bytes) -> None:
    """Put a file into ``folder`` of ``host``, readable for the folder's owner alone."""
    there, _ = host.handle.get_archive(folder)
    with TarFile(fileobj=BytesIO(b"".join(there))) as tar:
        owner = tar.getmembers()[0]
    archive = BytesIO()
    with TarFile(fileobj=archive, mode="w") as tar:
        entry = TarInfo(name)
        entry.size, entry.mode, entry.uid, entry.gid = len(content), 0o600, owner.uid, owner.gid
        tar.addfile(entry, BytesIO(content))
    host.handle.put_archive(folder, archive.getvalue())

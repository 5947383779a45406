"""Platform ``vps``: small Debian servers with systemd, sshd and nginx, in containers; releases reach them over ssh.

The team's commands use ssh, as they would. The harness looks from outside, through the container engine: an
instrument must not depend on what it measures (ADR 6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import requests
from docker.types import Mount
from pydantic import Field

from drills.container_logs import telling
from drills.vps_ssh import SshAccess
from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Instance, Layers, Need, PlatformConfig, Run, Service
from harness.units import Duration

_LOOK = Path(__file__).with_name("vps_look.sh")
_BOOT: dict[str, Any] = {
    "cap_add": ["SYS_ADMIN"],
    "cgroupns": "private",
    "mounts": [Mount(target=path, source="", type="tmpfs") for path in ("/run", "/run/lock", "/tmp")],
}
"""What systemd as PID 1 needs of a container (docs/decisions/0006-the-instrument-stays-outside.md)."""
_BALANCER = "upstream hosts {{ {servers} }}\nserver {{ listen 80; access_log off; location / {{ {proxy} }} }}\n"
_PROXY = "proxy_pass http://hosts; proxy_set_header X-Request-Id $http_x_request_id;"


class Vps(PlatformConfig):
    """Servers that a team deploys to over ssh: Debian, systemd, nginx; the service is the unit `app`."""

    uses: Literal["vps"] = "vps"
    hosts: int = Field(default=1, ge=1, le=2, description="app hosts; two get a load balancer in front")
    recipe: str = Field(default="vps", description="image recipe of a host")
    units: tuple[str, ...] = Field(
        default=("app", "nginx"), description="systemd units whose state is compared; the first is the service"
    )
    version_path: str = Field(default="/version", description="answers JSON with `version`")
    asks: int = Field(default=6, ge=1, le=100, description="how often each host is asked for its version")
    timeout: Duration = Field(default=60.0, description="until a host has booted and lets the deploy user in")

    def needs(self) -> Sequence[Need]:
        """An engine, the image of a host, and ssh for the team's commands."""
        return (
            Need(kind="engine", name="container engine"),
            Need(kind="image", name=self.recipe),
            *(Need(kind="tool", name=name) for name in ("ssh", "ssh-keygen")),
        )

    def provision(self, run: Run, services: Mapping[str, Service]) -> RunningVps:  # noqa: ARG002
        """Boot the hosts, let the key of this run in, put a balancer in front of two; no release yet."""
        access = SshAccess.make(run)
        image = run.images.resolve(self.recipe).tag
        names = [f"app{number}" for number in range(1, self.hosts + 1)]
        hosts = {name: run.containers.start(name, image, hostname=name, **_BOOT) for name in names}
        for name, host in hosts.items():
            _booted(host, self.timeout)
            access.admit(name, host, self.timeout)
        front = next(iter(hosts.values())) if len(hosts) == 1 else _balancer(run, image, names, self.timeout)
        _facts(run, hosts)
        return RunningVps(self, run, access, hosts, front)


@dataclass(frozen=True)
class RunningVps:
    """The provisioned platform."""

    config: Vps
    run: Run
    access: SshAccess
    hosts: Mapping[str, RunningContainer]
    front: RunningContainer

    @property
    def entry_url(self) -> str:
        """The balancer; with one host, its own nginx."""
        return f"http://{self.front.address}"

    def environment(self) -> Mapping[str, str]:
        """``VPS_HOSTS`` and an ``ssh`` on PATH that knows them; ``SSH_CONFIG`` for tools that ask for it."""
        return {"VPS_HOSTS": " ".join(self.hosts), **self.access.environment()}

    def instances(self) -> Sequence[Instance]:
        """Every host, asked several times over new connections: a host that answers a mix says so."""
        return [self._instance(name, host.address) for name, host in self.hosts.items()]

    def _instance(self, name: str, address: str) -> Instance:
        answers = Counter(self._version(address) for _ in range(self.config.asks))
        versions = sorted(answers)
        detail = ", ".join(f"{answers[each]} of {each or 'no answer'}" for each in versions)
        return Instance(name, " and ".join(each or "no answer" for each in versions) if any(versions) else "", detail)

    def _version(self, address: str) -> str:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return str(session.get(f"http://{address}{self.config.version_path}", timeout=2).json()["version"])
        except (requests.RequestException, ValueError, KeyError):
            return ""

    def logs(self, containing: str) -> Sequence[str]:
        """Lines of the service's journal, on all hosts."""
        argv = ["journalctl", "--quiet", "--no-pager", "--output=cat", "--lines=3000"]
        argv += [word for unit in self.config.units for word in ("--unit", unit)]
        texts = [host.handle.exec_run(argv).output.decode("utf-8", "replace") for host in self.hosts.values()]
        return telling("\n".join(texts).splitlines(), containing)

    def snapshot(self) -> Layers:
        """Link or checkout, releases, shared files, configuration, units, processes, lock, record: host by host."""
        layers: Layers = {}
        for name, host in self.hosts.items():
            script = f"UNITS='{' '.join(self.config.units)}'\n{_LOOK.read_text(encoding='utf-8')}"
            text = host.handle.exec_run(["bash", "-c", script]).output.decode("utf-8", "replace")
            for line in text.splitlines():
                layer, key, value = (*line.split("\t", 2), "", "")[:3]
                layers.setdefault(layer, {})[f"{name} {key}"] = self.run.redactor.clean(value)
        return layers

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """More releases, a longer record and unused assets are harmless; what the old release stands on is not."""
        if layer not in _LAYERS:
            return None
        added = not before and layer in _MAY_GROW
        return ResidueClass.HARMLESS if added or layer == "record" else ResidueClass.BREAKS_OLD_RELEASE


_MAY_GROW = {"releases", "shared files"}
_LAYERS = {*_MAY_GROW, "link", "working tree", "configuration", "units", "processes", "lock", "record"}


def _booted(host: RunningContainer, timeout: float) -> None:
    """Wait until systemd says `running`; `degraded` is an error that names the failed units."""

    def state() -> str | None:
        said = str(host.handle.exec_run(["systemctl", "is-system-running"]).output.decode("utf-8", "replace")).strip()
        return said if said in ("running", "degraded") else None

    if (said := wait_until(state, timeout)) != "running":
        units = host.handle.exec_run(["systemctl", "list-units", "--state=failed,activating", "--no-legend", "--plain"])
        raise ProvisionProblem(
            f"{host.name} did not boot within {timeout:g} s: expected systemd to be running, saw {said or 'no answer'}",
            next_step=f"its units: {units.output.decode('utf-8', 'replace').strip() or 'no answer'}\n{host.tail()}",
        )


def _balancer(run: Run, image: str, names: Sequence[str], timeout: float) -> RunningContainer:
    """An nginx of its own in front of the hosts; a host that refuses a connection is tried past, as nginx does."""
    servers = " ".join(f"server {name}:80 max_fails=0;" for name in names)
    config = _BALANCER.format(servers=servers, proxy=_PROXY)
    script = 'printf %s "$BALANCER" > /etc/nginx/sites-enabled/app && exec nginx -g "daemon off;"'
    front = run.containers.start("front", image, env={"BALANCER": config}, command=["sh", "-c", script])

    def answers() -> bool | None:
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.get(f"http://{front.address}/", timeout=1).status_code > 0 or None
        except requests.RequestException:
            return None

    if not wait_until(answers, timeout):
        raise ProvisionProblem(f"{front.name} does not answer", next_step=f"its last words:\n{front.tail()}")
    return front


def _facts(run: Run, hosts: Mapping[str, RunningContainer]) -> None:
    first = next(iter(hosts.values()))
    version = first.handle.exec_run(["systemctl", "--version"]).output.decode("utf-8", "replace").split("\n")[0]
    run.timeline.write(StackFact(name="platform", value=f"{len(hosts)} Debian host(s) as containers, {version}"))

"""Platform ``compose``: a service that a team runs by Docker Compose, from its own compose file.

The team's commands are its own (`docker compose up -d`, with an image tag from the environment or a script's); the
platform lays one file over the team's, so that nothing leaves the run's network, and then only looks.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import requests
from docker.errors import NotFound
from pydantic import Field

from drills.compose_files import override, read_compose
from drills.container_logs import last_words, matching_lines
from drills.kube_tools import tool_folder
from harness.containers import RunningContainer, engine_client
from harness.errors import UsageProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.model import ResidueClass
from harness.probe.config import VersionPattern
from harness.spi import Instance, Layers, Need, PlatformConfig, Run, Service

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
CONFIGURATION = "com.docker.compose.config-hash"
ONE_OFF = "com.docker.compose.oneoff"
"""Labels that Docker Compose gives to what it makes (compose, pkg/api/labels.go)."""
IMAGE_VERSION = "org.opencontainers.image.version"
"""Label with the version of what is packaged in an image (OCI image specification, annotations)."""
UNDO = "compose.project"
_RECIPE = "docker-compose"
_PLUGIN = "docker-compose"
_PLUGINS = (
    Path.home() / ".docker/cli-plugins",
    *(Path(f"/usr/{part}/docker/cli-plugins") for part in ("local/lib", "local/libexec", "lib", "libexec")),
)
"""Where the docker command line looks for plug-ins (docker/cli, cli-plugins/manager/manager_unix.go)."""
_FRONT = """
worker_processes 1;
events {{}}
http {{
    access_log off;
    server {{
        listen 80;
        client_max_body_size 0;
        # Asked again for every connection: a container that is made anew has another address.
        resolver 127.0.0.11 valid=1s ipv6=off;
        location / {{
            set $there http://{service}:{port};
            proxy_pass $there;
            proxy_http_version 1.1;
            proxy_connect_timeout 2s;
            proxy_set_header Host $http_host;
            proxy_set_header X-Request-Id $http_x_request_id;
        }}
    }}
}}
"""
_LAYERS = {"containers", "images", "configuration", "volumes"}


class Compose(PlatformConfig):
    """A service of a compose file; releases reach it by the team's `docker compose` commands."""

    uses: Literal["compose"] = "compose"
    file: str | tuple[str, ...] = Field(
        default="compose.yaml", description="compose file or files, relative to `workdir`; commands name none"
    )
    service: str = Field(pattern=r"^[A-Za-z0-9._-]+$", description="the service of the file that users reach")
    port: int = Field(ge=1, le=65535, description="the port on which its containers listen")
    version_path: str = Field(
        default="",
        description="answers with the release; left out: the image's label org.opencontainers.image.version or its tag",
    )
    version_body: VersionPattern = Field(
        default=r'"version"\s*:\s*"([^"]+)"',
        description="regular expression whose first group is the release in what `version_path` answers",
    )

    def needs(self) -> Sequence[Need]:
        """An engine, its command line, Docker Compose, and an nginx for the published port."""
        missing = () if _plugin() else (Need(kind="image", name=_RECIPE),)
        return (
            Need(kind="engine", name="container engine"),
            Need(kind="tool", name="docker"),
            Need(kind="image", name="nginx"),
            *missing,
        )

    def provision(self, run: Run, services: Mapping[str, Service]) -> RunningCompose:  # noqa: ARG002
        """Read the files, lay the run's own over them, and open the port; no container of the team's yet."""
        project = run.containers.name("app").lower()
        env = {"COMPOSE_PROJECT_NAME": project, "COMPOSE_ANSI": "never", "COMPOSE_PROGRESS": "plain"}
        _lend_plugin(run)
        files = [run.workdir / each for each in ((self.file,) if isinstance(self.file, str) else self.file)]
        found = read_compose(run, files, env)
        if self.service not in (found.get("services") or {}):
            known = ", ".join(sorted(found.get("services") or {})) or "none"
            raise UsageProblem(
                f"no service {self.service!r} in {self.file}", next_step=f"`stack.platform.service`: one of {known}"
            )
        front = self._front(run)
        run.ledger.plan(Undo(kind=UNDO, what=f"compose project {project}", params={"project": project}))
        own = run.scratch / "compose.drill.yaml"
        own.write_text(override(found, run.containers.network, run.containers.labels), encoding="utf-8")
        env["COMPOSE_FILE"] = ":".join(map(str, (*files, own)))
        env["COMPOSE_PATH_SEPARATOR"] = ":"
        value = f"Docker Compose, service {self.service} of {', '.join(file.name for file in files)}"
        run.timeline.write(StackFact(name="platform", value=value))
        run.timeline.write(StackFact(name="published port", value="nginx in front of the service", simulated=True))
        return RunningCompose(self, run, project, env, front)

    def _front(self, run: Run) -> RunningContainer:
        """What stands for the published port: it has one address for the whole run, which containers do not."""
        config = _FRONT.format(service=self.service, port=self.port)
        script = 'printf %s "$SERVER" > /tmp/nginx.conf && exec nginx -c /tmp/nginx.conf -g "daemon off;"'
        image = run.images.resolve("nginx").tag
        return run.containers.start("published-port", image, env={"SERVER": config}, command=["sh", "-c", script])


@dataclass(frozen=True)
class RunningCompose:
    """The provisioned platform."""

    config: Compose
    run: Run
    project: str
    variables: Mapping[str, str]
    front: RunningContainer

    @property
    def entry_url(self) -> str:
        """The published port."""
        return f"http://{self.front.address}"

    def environment(self) -> Mapping[str, str]:
        """What makes `docker compose` without options work on the run's own project."""
        return self.variables

    def instances(self) -> Sequence[Instance]:
        """Every container of the service, also one that has ended or starts again and again."""
        return [self._instance(each) for each in self._containers(self.config.service)]

    def _instance(self, container: Any) -> Instance:
        name = container.name.removeprefix(f"{self.project}-")
        if container.status != "running":
            own = f"{SERVICE}={self.config.service}"
            words = last_words(self.run.containers.client, self.run.containers.network, own, own)
            return Instance(name, "", f"{container.status}: {words}" if words else container.status)
        if not self.config.version_path:
            said = container.attrs["Config"]
            tag = str(said["Image"]).partition("@")[0].rpartition("/")[2].partition(":")[2]
            return Instance(name, (said["Labels"] or {}).get(IMAGE_VERSION) or tag, f"image {said['Image']}")
        return self._asked(name, container)

    def _asked(self, name: str, container: Any) -> Instance:
        network = container.attrs["NetworkSettings"]["Networks"].get(self.run.containers.network) or {}
        url = f"http://{network.get('IPAddress')}:{self.config.port}{self.config.version_path}"
        try:
            with requests.Session() as session:
                session.trust_env = False
                body = session.get(url, timeout=2).text
        except requests.RequestException as problem:
            return Instance(name, "", type(problem).__name__)
        found = re.search(self.config.version_body, body)
        return Instance(name, found[1], "") if found else Instance(name, "", f"no version in {body[:80]!r}")

    def _containers(self, service: str = "") -> Sequence[Any]:
        """The project's containers but for those of single commands (`docker compose run`), by name."""
        labels = [f"{PROJECT}={self.project}", f"{ONE_OFF}=False", *([f"{SERVICE}={service}"] if service else [])]
        found = self.run.containers.client.containers.list(all=True, ignore_removed=True, filters={"label": labels})
        return sorted(found, key=lambda each: str(each.name))

    def logs(self, containing: str) -> Sequence[str]:
        """Log lines of all containers of the project."""
        client, network = self.run.containers.client, self.run.containers.network
        return matching_lines(client, network, f"{PROJECT}={self.project}", containing)

    def snapshot(self) -> Layers:
        """Containers of each service, their images and what they were configured with, and the project's volumes."""
        layers: Layers = {name: {} for name in sorted(_LAYERS)}
        running: dict[str, int] = {}
        for each in self._containers():
            service = each.labels.get(SERVICE, "")
            running[service] = running.get(service, 0) + (each.status == "running")
            layers["images"][service] = str(each.attrs["Image"])[7:19]
            layers["configuration"][service] = each.labels.get(CONFIGURATION, "")[:12]
        layers["containers"] = {service: f"{count} running" for service, count in running.items()}
        volumes = self.run.containers.client.volumes.list(filters={"label": f"{PROJECT}={self.project}"})
        layers["volumes"] = {each.name.removeprefix(f"{self.project}_"): "there" for each in volumes}
        return layers

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A volume more is harmless, one less is lost data; another image or configuration is not the old release."""
        if layer not in _LAYERS:
            return None
        if layer == "volumes":
            return ResidueClass.HARMLESS if after else ResidueClass.LOST_OR_CHANGED_DATA
        return ResidueClass.BREAKS_OLD_RELEASE


def remove_project(params: Mapping[str, str]) -> None:
    """Undoer: every container, network and volume that carries the label of ``project``."""
    client = engine_client()
    wanted: dict[str, Any] = {"label": f"{PROJECT}={params['project']}"}
    for container in client.containers.list(all=True, ignore_removed=True, filters=wanted):
        with contextlib.suppress(NotFound):
            container.remove(force=True, v=True)
    left: list[Any] = [*client.networks.list(filters=wanted), *client.volumes.list(filters=wanted)]
    for each in left:
        with contextlib.suppress(NotFound):
            each.remove()


def _plugin() -> Path | None:
    """Docker Compose of this host, where it has one."""
    return next((folder / _PLUGIN for folder in _PLUGINS if (folder / _PLUGIN).is_file()), None)


def _lend_plugin(run: Run) -> None:
    """Put Docker Compose where `docker` looks when the run's commands start it: in their home, the scratch folder."""
    program = _plugin() or tool_folder(run, run.images.resolve(_RECIPE), [_PLUGIN]) / _PLUGIN
    folder = run.scratch / ".docker" / "cli-plugins"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _PLUGIN).symlink_to(program)

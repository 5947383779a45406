"""Stack services ``vercel``, ``netlify`` and ``cloudflare-pages``: a stand-in of each host, without a container engine.

Commands reach the API through the tap, with the vendor's own client where ``client`` is left on; users reach what is
served directly.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import requests
from pydantic import Field

from drills.container_logs import telling
from drills.node_tools import NODE, node_folder
from drills.static.vendor import LARGEST_BODY, STATE_PATH, StandInConfig
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.tap import Answer, Operation, Request, Rule
from harness.units import Duration

_QUIET = {"NO_UPDATE_NOTIFIER": "1"}
"""Clients ask nobody for updates."""
_CLIENTS = Path(__file__).parent / "clients"
"""A folder a vendor with ``package.json`` and ``package-lock.json`` of its client."""


class StaticHost(ServiceConfig, ABC):
    """A stand-in of one vendor's host."""

    vendor: ClassVar[str]
    title: ClassVar[str]
    program: ClassVar[str]
    """The vendor's own client."""

    site: str = Field(default="storefront", description="name of the site (project)")
    client: bool = Field(default=True, description="give commands the vendor's own client, from npm")
    day: Duration = Field(default=86400.0, description="how long a day of the vendor's retention is in this drill")
    alias_delay: Duration = Field(
        default=0.0, description="how long production goes on showing the deployment before, once the API says done"
    )
    variables: dict[str, str] = Field(
        default_factory=dict, description="environment variables of the project, as a build sees them"
    )
    timeout: Duration = Field(default=30.0, description="until it answers")

    def needs(self) -> Sequence[Need]:
        """Node for the client."""
        return NODE if self.client else ()

    def provides(self) -> Sequence[str]:
        """The client."""
        return (self.program,) if self.client else ()

    @abstractmethod
    def client_environment(self, api: str, config: StandInConfig, site_id: str) -> dict[str, str]:
        """How the vendor's client is led to ``api`` and nowhere else."""

    def plan_name(self) -> str:
        """The vendor's plan, where it matters."""
        return ""

    def start(self, name: str, run: Run) -> RunningHost:
        """Start its process, wait until it answers, put the tap before its API."""
        folder = node_folder(_CLIENTS / self.vendor / "package-lock.json") if self.client else None
        token = secrets.token_hex(20)
        run.redactor.add(token)
        api_port, site_port = _free_ports(2)
        config = StandInConfig(
            vendor=self.vendor,
            site=self.site,
            token=token,
            plan=self.plan_name(),
            day=self.day,
            alias_delay=self.alias_delay,
            variables=self.variables,
            api_port=api_port,
            site_port=site_port,
            root=run.scratch / name,
        )
        process = _start(name, config, run)
        running = RunningHost(self, config, process, run.scratch / name)
        wait_until(lambda: running.state() or process.poll(), self.timeout)
        state = running.state()
        if state is None:
            ended = f"ended with {process.poll()}" if process.poll() is not None else "did not answer"
            raise ProvisionProblem(
                f"the {self.title} stand-in {ended} within {self.timeout:g} s",
                next_step=f"its log is {run.folder / 'logs' / name}.log",
            )
        tapped = run.taps.open(config.api_url, HostApi(self.vendor), largest=LARGEST_BODY).url
        running.given.update(_QUIET)
        running.given.update(self.client_environment(tapped, config, str(state["site_id"])))
        if folder:
            running.given["PATH"] = f"{folder / 'node_modules' / '.bin'}:{run.environment()['PATH']}"
        value = f"a stand-in of {self.title}, which serves what is deployed; no request leaves this host"
        run.timeline.write(StackFact(name="static host", value=value, simulated=True))
        return running


class Vercel(StaticHost):
    """Vercel's REST API and serving."""

    uses: Literal["vercel"] = "vercel"
    vendor: ClassVar[str] = "vercel"
    title: ClassVar[str] = "Vercel"
    program: ClassVar[str] = "vercel"
    plan: Literal["hobby", "pro"] = Field(default="pro", description="`hobby` takes back one step only")

    def plan_name(self) -> str:
        """Hobby or Pro."""
        return self.plan

    def client_environment(self, api: str, config: StandInConfig, site_id: str) -> dict[str, str]:
        """Plain http is taken because a proxy is set for it, which 127.0.0.1 does not use; nobody listens there."""
        return {
            "VERCEL_API": api,
            "VERCEL_TOKEN": config.token,
            "VERCEL_ORG_ID": "team_drill",
            "VERCEL_PROJECT_ID": site_id,
            "VERCEL_TELEMETRY_DISABLED": "1",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1",
        }


class Netlify(StaticHost):
    """Netlify's REST API and serving."""

    uses: Literal["netlify"] = "netlify"
    vendor: ClassVar[str] = "netlify"
    title: ClassVar[str] = "Netlify"
    program: ClassVar[str] = "netlify"

    def client_environment(self, api: str, config: StandInConfig, site_id: str) -> dict[str, str]:
        """The site goes by its name: the client asks a fixed host for an id."""
        del site_id
        return {
            "NETLIFY_API_URL": f"{api}/api/v1",
            "NETLIFY_AUTH_TOKEN": config.token,
            "NETLIFY_SITE": config.site,
            # In CI it sends no telemetry and looks for no newer version of itself.
            "CI": "true",
        }


class CloudflarePages(StaticHost):
    """The API and serving of Cloudflare Pages."""

    uses: Literal["cloudflare-pages"] = "cloudflare-pages"
    vendor: ClassVar[str] = "cloudflare-pages"
    title: ClassVar[str] = "Cloudflare Pages"
    program: ClassVar[str] = "wrangler"

    def client_environment(self, api: str, config: StandInConfig, site_id: str) -> dict[str, str]:
        """wrangler deploys; it has no rollback, so scripts ask the API itself."""
        del site_id
        return {
            "CLOUDFLARE_API_BASE_URL": f"{api}/client/v4",
            "CLOUDFLARE_API_TOKEN": config.token,
            "CLOUDFLARE_ACCOUNT_ID": "drill",
            "PAGES_PROJECT": config.site,
            "WRANGLER_CACHE_DIR": str(config.root / "client"),
            # Without its banner it looks for no newer version of itself.
            "WRANGLER_HIDE_BANNER": "true",
            "WRANGLER_SEND_METRICS": "false",
        }


@dataclass(frozen=True)
class RunningHost:
    """A running stand-in."""

    config: StaticHost
    settings: StandInConfig
    process: subprocess.Popen[bytes]
    root: Path
    given: dict[str, str] = field(default_factory=dict)
    """What commands get; filled once the tap is open."""

    @property
    def url(self) -> str:
        """The production domain."""
        return self.settings.site_url

    def environment(self) -> Mapping[str, str]:
        """API, token and site in the words of the vendor's client, and ``SITE_URL``."""
        return {**self.given, "SITE_URL": self.url}

    def names(self) -> Mapping[str, str]:
        """``url`` of the production domain, ``site``."""
        return {"url": self.url, "site": self.config.site}

    def state(self) -> dict[str, Any] | None:
        """What the stand-in says of itself; None while it does not answer."""
        if self.process.poll() is not None:
            return None
        try:
            with requests.Session() as session:
                session.trust_env = False
                return dict(session.get(self.settings.api_url + STATE_PATH, timeout=3).json())
        except (requests.RequestException, ValueError):
            return None

    def logs(self, containing: str) -> Sequence[str]:
        """Requests that it served."""
        path = self.root / "access.jsonl"
        return telling(path.read_text("utf-8").splitlines(), containing) if path.exists() else []

    def snapshot(self) -> Layers:
        """Which deployments there are, and what of the host's settings outlives them; who is live tells `version`."""
        state = self.state() or {}
        return {
            "deployments": dict(state.get("deployments", {})),
            "host settings": dict(state.get("settings", {})),
        }

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A deployment more is harmless; one that is gone or a changed setting is not."""
        if layer not in {"deployments", "host settings"}:
            return None
        more = layer == "deployments" and not before
        return ResidueClass.HARMLESS if more else ResidueClass.BREAKS_OLD_RELEASE


@dataclass(frozen=True)
class HostApi:
    """The dialect of a vendor's REST API; its rules are the stand-in's own."""

    vendor: str
    rules: tuple[Rule, ...] = ()

    def operation(self, request: Request) -> Operation:
        """Method and path."""
        return Operation(self.vendor, request.method, urlsplit(request.path).path)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """An error that every client can at least show."""
        body = f'{{"error": {{"code": "{code}", "message": "{message}"}}, "message": "{message}"}}'
        return Answer(status, {"Content-Type": "application/json"}, body.encode())

    def error(self, answer: Answer) -> str:
        """What it said."""
        return answer.body.decode("utf-8", "replace")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in listeners:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in listeners]


def _start(name: str, config: StandInConfig, run: Run) -> subprocess.Popen[bytes]:
    config.root.mkdir(parents=True)
    run.ledger.plan(Undo(kind="processes", what=f"{config.vendor} on port {config.api_port}", params={"run": run.id}))
    (run.folder / "logs").mkdir(exist_ok=True)
    with (run.folder / "logs" / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "drills.static.server"],
            env=run.environment(),
            cwd=run.scratch,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert process.stdin is not None
    process.stdin.write(config.model_dump_json().encode())
    process.stdin.close()
    return process

"""What a vendor's module has to be, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from fastapi import FastAPI
from pydantic import Field

from drills.static.rules import HostRule
from drills.static.serving import Settings
from drills.static.store import Blobs, Deployment, Site, Snapshot
from harness.model import Frozen

LARGEST_BODY = 128 * 1024**2
"""Bytes of a request with files: the largest file, or the assets that wrangler sends at once (40 MiB as base64), and
some room."""
LARGEST_WORDS = 8 * 1024**2
"""Bytes of any other request: 20,000 files by name and digest are 4 MB. Reading JSON takes up to 25 times as much
memory, and no visitor is served meanwhile."""
STATE_PATH = "/_drill/state"
"""Where the harness asks; no vendor has such a path."""


class StandInConfig(Frozen):
    """All that the stand-in's process is started with."""

    vendor: str
    site: str = Field(description="name of the one site (project) that it has")
    token: str = Field(description="what clients have to say; another one is refused")
    plan: str = Field(default="", description="the vendor's plan, where its rules differ")
    day: float = Field(default=86400.0, gt=0, description="seconds that stand for a day of the vendor's retention")
    alias_delay: float = Field(default=0.0, ge=0, description="seconds until production shows what the API calls live")
    variables: dict[str, str] = Field(default_factory=dict, description="the project's environment variables")
    api_port: int
    site_port: int
    binds: tuple[str, ...] = ("127.0.0.1",)
    root: Path = Field(description="folder of its own; removed with the run")

    @property
    def site_url(self) -> str:
        """The production domain."""
        return f"http://127.0.0.1:{self.site_port}"

    @property
    def api_url(self) -> str:
        """The API, past the tap."""
        return f"http://127.0.0.1:{self.api_port}"


class Vendor(ABC):
    """One vendor's API over a site. Every answer in which one of ``rules`` took part carries ``rule.told``."""

    rules: ClassVar[Sequence[HostRule]]
    uploads: ClassVar[str]
    """Regular expression of the paths to which clients send files, up to ``LARGEST_BODY``."""

    def __init__(self, config: StandInConfig, site: Site, blobs: Blobs) -> None:
        self.config = config
        self.site = site
        self.blobs = blobs

    @abstractmethod
    def api(self) -> FastAPI:
        """Its routes, with an OpenAPI description that a fuzzer can use."""

    @abstractmethod
    def settings(self, deployment: Deployment) -> Settings:
        """What the configuration files in ``deployment`` say."""

    @abstractmethod
    def deployment_host(self, deployment: Deployment) -> str:
        """Host name under which this one deployment is served, without port."""

    @abstractmethod
    def snapshot(self) -> Snapshot:
        """Present state for the harness."""

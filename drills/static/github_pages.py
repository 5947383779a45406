"""Stack service ``github-pages``: a repository whose branch or whose workflow publishes a site. git is the client."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from drills.static.github_api import OWNER
from drills.static.hosts import RunningHost, StaticHost
from drills.static.vendor import StandInConfig
from harness.spi import Need, Run


class GitHubPages(StaticHost):
    """GitHub as far as Pages goes."""

    uses: Literal["github-pages"] = "github-pages"
    vendor: ClassVar[str] = "github-pages"
    title: ClassVar[str] = "GitHub Pages"
    program: ClassVar[str] = "git"
    client: Literal[False] = Field(default=False, description="git is the client, and it is this host's own")
    source: Literal["branch", "workflow"] = Field(
        default="branch", description="what is published: the branch `gh-pages`, or the artefacts of a workflow"
    )

    def needs(self) -> Sequence[Need]:
        """git."""
        return (Need(kind="tool", name="git"),)

    def plan_name(self) -> str:
        """The publishing source."""
        return self.source

    def client_environment(self, api: str, config: StandInConfig, site_id: str) -> dict[str, str]:
        """As a job of GitHub Actions has them; git sends the token as ``actions/checkout`` has it do."""
        del site_id
        return {
            "GITHUB_API_URL": api,
            "GITHUB_SERVER_URL": api,
            "GITHUB_REPOSITORY": f"{OWNER}/{config.site}",
            "GITHUB_TOKEN": config.token,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{api}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {_basic(config.token)}",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def start(self, name: str, run: Run) -> RunningHost:
        """Start its process; the form in which git sends the token is masked too."""
        running = super().start(name, run)
        run.redactor.add(_basic(running.settings.token))
        return running


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()

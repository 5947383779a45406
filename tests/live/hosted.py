"""A team at work on a stand-in host: its scripts and the vendor's client, with what a run gives them and no more."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from drills.static.hosts import RunningHost, StaticHost
from harness.events import AnyEvent, ApiCalled
from harness.spi import Run
from harness.timeline import read_timeline
from tests.live.local import local_run

SCRIPTS = Path(__file__).parents[2] / "drills" / "workloads" / "storefront"


@dataclass
class Team:
    """Somebody who deploys small sites and looks at what is served."""

    run: Run
    host: RunningHost
    folder: Path
    changed: dict[str, str] = field(default_factory=dict)
    """What the commands get otherwise than the host gives it."""

    def built(self, version: str, **files: str) -> Path:
        """The folder of a built site; its name is the version."""
        folder = self.folder / "builds" / version
        folder.mkdir(parents=True)
        page = f'<html data-version="{version}"><script src="/app.js"></script>'
        for name, text in {"index.html": page, "app.js": f"const version = '{version}'", **files}.items():
            (folder / name).write_text(text)
        return folder

    def runs(self, *words: str | Path, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a command as a step of a path runs, from an empty folder."""
        workdir = self.folder / "workdir"
        workdir.mkdir(exist_ok=True)
        return subprocess.run(
            [str(word) for word in words],
            env={**self.run.environment(self.host.environment()), **self.changed, **changed},
            cwd=workdir,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def does(self, *words: str | Path) -> str:
        """Run a command that has to succeed; gives what it said."""
        done = self.runs(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def get(self, path: str = "/", **headers: str) -> requests.Response:
        """What a visitor gets."""
        return requests.get(self.host.url + path, headers=headers, timeout=5, allow_redirects=False)

    def served(self) -> set[str]:
        """Versions in the bytes that visitors get, of page and script."""
        return {self.get("/").text.split('"')[1], self.get("/app.js").text.split("'")[1]}

    def state(self) -> dict[str, dict[str, str]]:
        """What the harness sees of the host."""
        return self.host.snapshot()

    def rules(self) -> set[str]:
        """Names of the vendor's rules that the timeline says took part."""
        return {each.by.removeprefix("rule ").partition(" (")[0] for each in self.calls() if each.by}

    def calls(self) -> list[ApiCalled]:
        """Calls of the API, as the tap saw them."""
        events: list[AnyEvent] = list(read_timeline(self.run.folder / "timeline.jsonl"))
        return [each for each in events if isinstance(each, ApiCalled)]


@contextmanager
def team_on(config: StaticHost, folder: Path) -> Iterator[Team]:
    """A team on a host of its own; everything is gone afterwards."""
    with local_run(folder) as run:
        yield Team(run, config.start("host", run), folder)

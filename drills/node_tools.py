"""Programs from npm: what a lock file pins, installed once on this host and kept in the cache.

And the stack service ``npm``, which gives them to the team's commands.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import Field

from harness.errors import EnvironmentProblem, UsageProblem
from harness.events import StackFact
from harness.images import cache_folder
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig

_WORKLOADS = Path(__file__).parent / "workloads"

_HINT = "install Node.js 20 or newer with npm: https://nodejs.org; Debian 12 has an older one"
NODE = tuple(Need(kind="tool", name=name, hint=_HINT) for name in ("node", "npm"))
_LONGEST = 600.0
"""Seconds that an installation may take, and that a second process waits for the first."""
_TAIL = 10


def node_folder(lock: Path) -> Path:
    """The folder whose ``node_modules`` is what ``lock`` (a ``package-lock.json``) pins; never written to again.

    No script of a package is run: npm starts none, so nothing but npm itself sees the caller's environment.

    Raises:
        EnvironmentProblem: Node.js or npm is missing, or the packages cannot be had; names the log.
    """
    files = (lock.with_name("package.json"), lock)
    key = hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = cache_folder() / "node" / key
    if folder.is_dir():
        return folder
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise EnvironmentProblem(
                f"{lock.parent.name} needs Node.js, and the program {program!r} is not on PATH",
                next_step=_HINT,
            )
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.with_suffix(".lock"), timeout=_LONGEST):
            if not folder.is_dir():  # another process may have made it while this one waited
                _install(files, folder)
    except Timeout as problem:
        raise EnvironmentProblem(
            f"another process has been installing {lock} for more than {_LONGEST:g} s",
            next_step=f"its end frees {problem.lock_file}",
        ) from problem
    return folder


def _install(files: tuple[Path, Path], folder: Path) -> None:
    """Fill ``folder``; it appears under its name only when it is whole."""
    for torn in folder.parent.glob(f"{folder.name}-*"):
        shutil.rmtree(torn, ignore_errors=True)  # of a process that was killed
    log = cache_folder() / "logs" / f"node-{folder.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}-", ignore_cleanup_errors=True) as made:
        for file in files:
            shutil.copyfile(file, Path(made, file.name))
        _npm_ci(Path(made), files[1], log)
        Path(made).chmod(0o755)
        Path(made).rename(folder)


def _npm_ci(folder: Path, lock: Path, log: Path) -> None:
    try:
        with log.open("wb") as output:
            ended = subprocess.run(
                ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_LONGEST,
                check=False,
            )
        said = f"exit code {ended.returncode}" if ended.returncode else ""
    except subprocess.TimeoutExpired:
        said = f"no end within {_LONGEST:g} s"
    if said:
        last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
        raise EnvironmentProblem(
            "\n".join([f"`npm ci` of {lock}: {said}", *last]),
            next_step=f"is the npm registry reachable? The whole output is in {log}",
        )


class Npm(ServiceConfig):
    """npm packages for the team's commands, such as a build tool; nothing of it runs."""

    uses: Literal["npm"] = "npm"
    packages: str = Field(
        description="a workload of the drill's, or the path of a folder, with `package.json` and `package-lock.json`"
    )

    def needs(self) -> Sequence[Need]:
        """Node.js and npm."""
        return NODE

    def start(self, name: str, run: Run) -> Packages:  # noqa: ARG002
        """Install them, where that was not done before."""
        lock = _WORKLOADS / self.packages / "package-lock.json"
        if not lock.is_file():
            raise UsageProblem(f"`packages: {self.packages}`: there is no {lock}")
        folder = node_folder(lock)
        run.timeline.write(StackFact(name="npm packages", value=f"{self.packages}, {folder.name}"))
        return Packages(folder)


@dataclass(frozen=True)
class Packages:
    """Installed packages."""

    folder: Path

    def environment(self) -> Mapping[str, str]:
        """``NODE_PATH``, in which node looks for packages that it finds nowhere else (Node.js, "Modules")."""
        return {"NODE_PATH": str(self.folder / "node_modules")}

    def names(self) -> Mapping[str, str]:
        """``folder``, which holds ``node_modules``."""
        return {"folder": str(self.folder)}

    def snapshot(self) -> Layers:
        """Nothing: no release changes them."""
        return {}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """No layer is its own."""
        return None

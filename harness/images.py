"""Images: present → pulled → built from a recipe in the repo, under a tag that carries the recipe's hash.

So a second run builds nothing, a changed recipe is never mistaken for the old image, and no
shipped scenario needs a registry. `harness.recipes` says what a recipe is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

import docker
import requests
from docker.errors import DockerException, ImageNotFound
from filelock import FileLock, Timeout

from harness import recipes
from harness.errors import EnvironmentProblem
from harness.image_commit import ContainerBuildFailed, build_in_container
from harness.model import Frozen
from harness.recipes import Located

_TAIL = 15


class Image(Frozen):
    """An image that is on the engine now."""

    tag: str
    id: str
    """``sha256:…`` of its configuration; two releases never share it."""
    how: Literal["present", "pulled", "built"]
    took: float
    """Seconds that resolving took, bases and waiting included."""


def cache_folder() -> Path:
    """Where build logs and locks live: ``$XDG_CACHE_HOME/drill`` or ``~/.cache/drill``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "drill"


class Images:
    """Resolves recipe names to images on one engine.

    Args:
        connect: gives the engine; asked only when an image is looked for, so that a plan needs none.
        folders: where recipes are looked for; the first that has a name wins.
        progress: receives one line per pull or build, and what a long build says of itself.
        announce: is told the name of a build's container before that exists, so that it can be undone.
    """

    def __init__(
        self,
        connect: Callable[[], docker.DockerClient],
        folders: list[Path],
        progress: Callable[[str], None] = lambda _line: None,
        announce: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self._connect = connect
        self._folders = folders
        self._progress = progress
        self._announce = announce

    def tag_of(self, name: str, args: Mapping[str, str] | None = None) -> str:
        """The tag that ``resolve`` would answer; asks no engine. Raises `UsageProblem` as `recipes.tag_of`."""
        return recipes.tag_of(name, args or {}, self._folders)

    def names(self) -> list[str]:
        """Names of all recipes."""
        return sorted({file.parent.name for folder in self._folders for file in folder.glob("*/recipe.yaml")})

    def is_present(self, name: str, args: Mapping[str, str] | None = None) -> bool:
        """Whether ``resolve`` would have nothing to do."""
        return self._id(self.tag_of(name, args)) is not None

    def resolve(self, name: str, args: Mapping[str, str] | None = None) -> Image:
        """Makes sure that the image is on the engine.

        Raises:
            UsageProblem: there is no such recipe, or it is invalid.
            EnvironmentProblem: it could neither be pulled nor built; names the log.
        """
        started = time.monotonic()
        tag = self.tag_of(name, args)
        how: Literal["present", "pulled", "built"] = "present"
        if (image_id := self._id(tag)) is None:
            found = recipes.locate(name, args or {}, self._folders)
            with _alone(tag, found.recipe.timeout):
                # Another process may have built it while this one waited.
                if (image_id := self._id(tag)) is None:
                    how = "pulled" if self._pull(found, tag) else self._build(found, tag)
                    image_id = self._id(tag)
        if image_id is None:
            raise EnvironmentProblem(
                f"image {tag}: the engine reported success but does not have it", next_step="is its disk full?"
            )
        return Image(tag=tag, id=image_id, how=how, took=time.monotonic() - started)

    def _id(self, tag: str) -> str | None:
        try:
            return str(self._connect().images.get(tag).id)
        except ImageNotFound:
            return None

    def _pull(self, found: Located, tag: str) -> bool:
        """Whether one of the recipe's published images could be had; why not is progress, not an error."""
        for ref in found.recipe.pull:
            try:
                self._connect().images.pull(ref).tag(tag)
            except (DockerException, requests.RequestException) as error:
                self._progress(f"image {found.name}: {ref} cannot be pulled ({_short(error)})")
            else:
                self._progress(f"image {found.name}: pulled {ref}")
                return True
        return False

    def _build(self, found: Located, tag: str) -> Literal["built"]:
        base = self.resolve(found.recipe.base).tag if found.recipe.base else None
        log = cache_folder() / "logs" / (_file_name(tag) + ".log")
        log.parent.mkdir(parents=True, exist_ok=True)
        self._progress(f"image {found.name}: building {tag} (log: {log})")
        with log.open("wb") as output:
            try:
                if found.recipe.build == "script":
                    self._import_script(found, tag, output)
                elif found.recipe.build == "container":
                    self._build_container(found, tag, str(base), log)
                else:
                    self._build_dockerfile(found, tag, base, output)
            except (DockerException, requests.RequestException, ContainerBuildFailed, _BuildFailed) as error:
                output.flush()
                raise _build_problem(tag, log, error) from error
        return "built"

    def _build_dockerfile(self, found: Located, tag: str, base: str | None, output: IO[bytes]) -> None:
        with tempfile.TemporaryFile() as context:
            recipes.build_context(found.folder, context)
            context.seek(0)
            lines = self._connect().api.build(
                fileobj=context,
                custom_context=True,
                tag=tag,
                buildargs={**found.args, **({"BASE": base} if base else {})},
                labels={"drill.recipe": found.name},
                # The host's network, because a bridge may not reach the host's proxy or resolver.
                network_mode="host",
                rm=True,
                forcerm=True,
                decode=True,
                # Seconds of silence in the stream, not of the whole build.
                timeout=int(found.recipe.timeout),
            )
            for line in lines:
                output.write(str(line.get("stream", "")).encode())
                if "error" in line:
                    raise _BuildFailed(str(line["error"]))

    def _build_container(self, found: Located, tag: str, base: str, log: Path) -> None:
        build_in_container(
            self._connect(),
            found,
            tag,
            base,
            log,
            cache_folder() / "build" / found.name,
            announce=self._announce,
            progress=lambda line: self._progress(f"image {found.name}: {line}"),
        )

    def _import_script(self, found: Located, tag: str, output: IO[bytes]) -> None:
        with tempfile.NamedTemporaryFile(suffix=".tar") as root:
            _run_script(found, root, output)
            repository, _, version = tag.partition(":")
            self._connect().api.import_image_from_file(
                root.name, repository=repository, tag=version, changes=list(found.recipe.changes)
            )


@contextmanager
def _alone(tag: str, patience: float) -> Iterator[None]:
    """Holds the tag's lock, so that two runs on one host do not build the same image twice."""
    folder = cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / (_file_name(tag) + ".lock"), timeout=patience)
    try:
        lock.acquire()
    except Timeout as error:
        raise EnvironmentProblem(
            f"image {tag}: another process has been building it for more than {patience:.0f} s",
            next_step=f"look at the logs in {cache_folder() / 'logs'}; its end frees {lock.lock_file}",
        ) from error
    try:
        yield
    finally:
        lock.release()


class _BuildFailed(Exception):
    """A build step answered with an error; never leaves this module."""


def _run_script(found: Located, root: IO[bytes], output: IO[bytes]) -> None:
    process = subprocess.Popen(
        [found.folder / "build.sh"],
        cwd=found.folder,
        env={**os.environ, **found.args},
        stdin=subprocess.DEVNULL,
        stdout=root,
        stderr=output,
        start_new_session=True,
    )
    try:
        code = process.wait(timeout=found.recipe.timeout)
    except subprocess.TimeoutExpired as error:
        raise _BuildFailed(f"build.sh was stopped after {found.recipe.timeout:.0f} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        raise _BuildFailed(f"build.sh ended with exit code {code}")


def _build_problem(tag: str, log: Path, error: Exception) -> EnvironmentProblem:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
    return EnvironmentProblem(
        "\n".join([f"image {tag} could not be built: {_short(error)}", *lines]),
        next_step=f"read {log}; on a host without a network, `docker load` an equal image and tag it {tag}",
    )


def _file_name(tag: str) -> str:
    return tag.replace("/", "-").replace(":", "-")


def _short(error: Exception) -> str:
    """The end of an engine's chained message, which is its cause."""
    text = " ".join(str(getattr(error, "explanation", None) or error).split())
    return text if len(text) <= 160 else "…" + text[-160:]

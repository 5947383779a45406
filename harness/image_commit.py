"""Images that can only be made inside a running container: run ``build.sh`` in one, then commit it.

For what a Dockerfile cannot do: it has no cache between builds, and no process of it may go on running.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import docker
from docker.errors import NotFound
from docker.types import Mount

from harness.recipes import HOST_CA_BUNDLE, HOST_CA_NAME, Located

_MOUNTS = "/run/drill"
"""Where a build finds its things: mounted, so that nothing of them is in the image."""
_PROGRESS = b"==> "
"""Lines of a build's output that begin so are told to whoever waits."""
_LOOK = 0.5
"""Seconds between two looks at a build."""


class ContainerBuildFailed(Exception):
    """The build ended with an error, or not in time; `harness.images` adds the log."""


def build_in_container(
    client: docker.DockerClient,
    found: Located,
    tag: str,
    base: str,
    log: Path,
    cache: Path,
    *,
    announce: Callable[[str], None],
    progress: Callable[[str], None],
) -> None:
    """Run the recipe's ``build.sh`` in a container of ``base`` and commit what it leaves as ``tag``.

    ``build.sh`` has the host's network, the recipe's arguments as environment, and ``/run/drill`` with ``recipe``
    (its folder, read-only), ``cache`` (kept between builds) and ``host-ca.crt`` (the host's CA bundle).

    Args:
        log: receives the output while it is written.
        announce: is told the name of the container before that exists.
        progress: receives what ``build.sh`` says in lines that start with ``==> ``.

    Raises:
        ContainerBuildFailed: it did not exit 0 within the recipe's ``timeout``.
    """
    name = "drill-build-" + tag.rpartition("/")[2].replace(":", "-")
    cache.mkdir(parents=True, exist_ok=True)
    log.touch()
    _remove(client, name)  # of a build that was killed: whoever is here holds the tag's lock
    announce(name)
    container = client.containers.create(
        base,
        ["sh", "-c", f"exec {_MOUNTS}/recipe/build.sh > {_MOUNTS}/log 2>&1"],
        name=name,
        environment=dict(found.args),
        network_mode="host",
        mounts=_mounts(found.folder, cache, log),
        labels={"drill.recipe": found.name},
    )
    try:
        container.start()
        with log.open("rb") as output:
            _wait(container, output, found.recipe.timeout, progress)
        repository, _, version = tag.rpartition(":")
        # A client of its own: the engine is silent until it has copied everything.
        patient = docker.from_env(timeout=int(found.recipe.timeout))
        patient.api.commit(name, repository, version, changes="\n".join(found.recipe.changes) or None)
    finally:
        _remove(client, name)


def _mounts(recipe: Path, cache: Path, log: Path) -> list[Mount]:
    """Mounts and not volumes: what the engine calls a volume would be part of the committed image's configuration."""
    mounts = [
        Mount(f"{_MOUNTS}/recipe", str(recipe.resolve()), type="bind", read_only=True),
        Mount(f"{_MOUNTS}/cache", str(cache.resolve()), type="bind"),
        Mount(f"{_MOUNTS}/log", str(log.resolve()), type="bind"),
    ]
    if HOST_CA_BUNDLE.is_file():
        mounts.append(Mount(f"{_MOUNTS}/{HOST_CA_NAME}", str(HOST_CA_BUNDLE), type="bind", read_only=True))
    return mounts


def _wait(container: Any, output: IO[bytes], limit: float, progress: Callable[[str], None]) -> None:
    deadline = time.monotonic() + limit
    while True:
        container.reload()
        for line in _whole_lines(output):
            if line.startswith(_PROGRESS):
                progress(line.removeprefix(_PROGRESS).decode("utf-8", "replace").strip())
        if container.status in ("exited", "dead"):
            break
        if time.monotonic() > deadline:
            raise ContainerBuildFailed(f"build.sh was stopped after {limit:.0f} s")
        time.sleep(_LOOK)
    code = container.attrs["State"]["ExitCode"]
    if code != 0:
        raise ContainerBuildFailed(f"build.sh ended with exit code {code}")


def _whole_lines(output: IO[bytes]) -> Iterator[bytes]:
    while True:
        start = output.tell()
        line = output.readline()
        if not line.endswith(b"\n"):
            output.seek(start)
            return
        yield line


def _remove(client: docker.DockerClient, name: str) -> None:
    with suppress(NotFound):
        client.containers.get(name).remove(force=True, v=True)

"""A git repository that is spoken to over HTTP, and what GitHub Pages makes of its commits and of artefacts.

Jekyll itself does not run. Of what it does, two things are played: it leaves out some paths, and it ends at a
``_config.yml`` that cannot be read. Everything else is published as it is.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml
from fastapi import Request, Response

from drills.static.store import LARGEST_FILE, BadPath, Blob, Blobs, TooLarge, clean_path

BRANCH = "gh-pages"
LARGEST_SITE = 1024**3
"""Bytes of a published site (GitHub docs, "GitHub Pages limits")."""
LARGEST_CONFIG = 64 * 1024
"""Bytes of a ``_config.yml`` that is read; a larger one fails. Assumed: no visitor is served while it is read, which
takes half a second at most."""
_CHUNK = 64 * 1024
_LONGEST = 60.0
"""Seconds for one git command."""


class BuildFailed(Exception):
    """There is no site to publish; what was published before stays."""


@dataclass(frozen=True)
class Built:
    """The site that a commit makes."""

    files: dict[str, Blob]
    whole: bool
    """Whether everything in the commit is in it."""


class Repository:
    """A bare repository in a folder of its own."""

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner
        self._environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
        for words in (
            ("init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}", str(folder)),
            ("--git-dir", str(folder), "config", "receive.maxInputSize", str(LARGEST_FILE)),
        ):
            subprocess.run(["git", *words], env=self._environment, check=True, stdin=subprocess.DEVNULL)

    async def answer(self, service: str, request: Request, body: Path) -> Response:
        """What git's own HTTP server says (git-http-backend(1)) to a request whose body is in a file.

        Raises:
            OSError: it makes nothing of the request.
        """
        said = {
            "GIT_PROJECT_ROOT": str(self._folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{service}",
            "REMOTE_USER": self._owner,
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.url.query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "HTTP_GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        }
        with body.open("rb") as stdin:
            head, _, content = (await self._git("http-backend", stdin=stdin, more=said)).partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
        status = int(headers.pop("Status", "200").partition(" ")[0])
        return Response(content, status, headers)

    async def tip(self) -> str:
        """The commit that the branch names; empty where there is none."""
        form = "--format=%(objectname)"
        return (await self._git("for-each-ref", form, f"refs/heads/{BRANCH}")).decode().strip()

    async def title(self, commit: str) -> str:
        """First line of its message."""
        return (await self._git("log", "-1", "--format=%s", commit)).decode(errors="replace").strip()

    async def build(self, commit: str, blobs: Blobs) -> Built:
        """The site that ``commit`` makes.

        Raises:
            BuildFailed: see there.
        """
        packed = self._folder.with_name(f"{commit}.tar")
        try:
            try:
                await self._git("archive", "--format=tar", f"--output={packed}", commit)
            except OSError as problem:  # git packs no tree that leads out of itself
                raise BuildFailed("Page build failed.") from problem
            files = await unpack(packed, blobs)
        finally:
            packed.unlink(missing_ok=True)
        if "/.nojekyll" in files:
            return Built(files, whole=True)
        if "/_config.yml" in files:
            _readable(files["/_config.yml"])
        taken = {path: blob for path, blob in files.items() if not left_out(path)}
        return Built(taken, whole=len(taken) == len(files))

    async def _git(self, *words: str, stdin: IO[bytes] | None = None, more: Mapping[str, str] | None = None) -> bytes:
        process = await asyncio.create_subprocess_exec(
            "git",
            *words,
            cwd=self._folder,
            env={**self._environment, **(more or {})},
            stdin=stdin if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            said, problem = await asyncio.wait_for(process.communicate(), _LONGEST)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise OSError(f"git {words[0]}: {problem.decode(errors='replace').strip()}")
        return said


def _readable(config: Blob) -> None:
    if config.size > LARGEST_CONFIG:
        raise BuildFailed("Page build failed.")
    try:
        # Not constructed: merge keys of a few lines would fill the memory.
        said = yaml.compose(config.path.read_bytes(), yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as problem:
        raise BuildFailed("Page build failed.") from problem
    if said is not None and said.tag not in ("tag:yaml.org,2002:map", "tag:yaml.org,2002:null"):
        raise BuildFailed("Page build failed.")


def left_out(path: str) -> bool:
    """Whether Jekyll builds nothing of ``path`` (GitHub docs, "About GitHub Pages and Jekyll")."""
    parts = path.removeprefix("/").split("/")
    return parts[0] in ("node_modules", "vendor") or any(
        part.startswith(("_", ".", "#")) or part.endswith("~") for part in parts
    )


async def unpack(packed: Path, blobs: Blobs) -> dict[str, Blob]:
    """Files of a tar file.

    Raises:
        BuildFailed: it is none, or holds links or what is no file, or is too large (README of upload-pages-artifact).
    """
    files: dict[str, Blob] = {}
    size = 0
    try:
        with tarfile.open(packed, "r:") as archive:
            for member in archive:
                if member.isdir():
                    continue
                content = archive.extractfile(member) if member.isreg() else None
                if content is None:
                    raise BuildFailed(f"{member.name!a} is no file: links are not allowed")
                size += member.size
                if size > LARGEST_SITE:
                    raise BuildFailed("the site is larger than 1 GB")
                path = clean_path(member.name.removeprefix("./"))
                files[path] = await blobs.receive(_chunks(content))
    except (tarfile.TarError, BadPath, TooLarge, EOFError, ValueError) as problem:
        raise BuildFailed(f"the files cannot be read: {problem!a}") from problem
    return files


async def _chunks(content: IO[bytes]) -> AsyncIterator[bytes]:
    while chunk := content.read(_CHUNK):
        yield chunk
        await asyncio.sleep(0)  # visitors are answered in between

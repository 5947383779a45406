"""What every static host has: files known by content, deployments that never change, and one that production shows."""

from __future__ import annotations

import hashlib
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGEST_FILE = 100 * 1024**2
"""Bytes of one file: the least that a vendor documents for the whole upload (Vercel, Hobby: 100 MB); Cloudflare Pages
takes 25 MiB a file, which is that vendor's rule."""


class TooLarge(Exception):
    """An upload is larger than the host takes."""


class WrongDigest(Exception):
    """Content is not what was announced."""


class BadPath(ValueError):
    """A file name that leads out of the deployment."""


@dataclass(frozen=True)
class Blob:
    """Stored content."""

    path: Path
    size: int
    sha1: str
    sha256: str


class Blobs:
    """Content by digest, on disk, each once; a digest is the vendor's word, so several may name one blob."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._root.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, Blob] = {}

    def get(self, digest: str) -> Blob | None:
        """The content under ``digest``, in whichever form it was announced."""
        return self._known.get(digest)

    async def receive(self, chunks: AsyncIterator[bytes], largest: int = LARGEST_FILE, announced: str = "") -> Blob:
        """Take an upload as it comes in, never as a whole in memory; what is refused leaves nothing.

        Args:
            announced: SHA-1 of the content, where the client has told one.

        Raises:
            TooLarge: more than ``largest`` bytes came.
            WrongDigest: what came is not what was announced.
        """
        sha1, sha256, size = hashlib.sha1(usedforsecurity=False), hashlib.sha256(), 0
        with tempfile.NamedTemporaryFile(dir=self._root, delete=False) as sink:
            try:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > largest:
                        raise TooLarge(f"more than {largest} bytes")
                    sha1.update(chunk)
                    sha256.update(chunk)
                    sink.write(chunk)
                if announced and sha1.hexdigest() != announced:
                    raise WrongDigest(f"the content has the SHA-1 {sha1.hexdigest()}, announced was {announced}")
            except BaseException:
                Path(sink.name).unlink()
                raise
        path = Path(sink.name).rename(self._root / sha256.hexdigest())
        blob = Blob(path, size, sha1.hexdigest(), sha256.hexdigest())
        self.name(blob, blob.sha1, blob.sha256)
        return blob

    async def add(self, content: bytes) -> Blob:
        """Take content that is in memory already."""

        async def once() -> AsyncIterator[bytes]:
            yield content

        return await self.receive(once())

    def name(self, blob: Blob, *digests: str) -> None:
        """Let ``digests`` of the vendor's own name this content too."""
        for digest in digests:
            self._known[digest] = blob


def clean_path(name: str) -> str:
    """``name`` as a path inside a deployment, with a leading slash.

    Raises:
        BadPath: it is empty, has a NUL, a backslash or an empty part, or leads out of the deployment.
    """
    parts = name.removeprefix("/").split("/")
    if "\0" in name or "\\" in name or any(part in ("", ".", "..") for part in parts):
        raise BadPath(f"{name!r} is no path inside a deployment")
    return "/" + "/".join(parts)


@dataclass
class Deployment:
    """One upload of the site. Its files never change once it is ready."""

    id: str
    production: bool
    created: float = field(default_factory=time.time)
    """Seconds since the epoch."""
    state: str = "uploading"
    """The vendor's word."""
    files: dict[str, Blob] = field(default_factory=dict)
    """Content by path with a leading slash."""
    details: dict[str, Any] = field(default_factory=dict)
    """What the vendor's API keeps besides: branch, message, announced digests."""
    was_live: bool = False
    """Whether production ever showed it."""

    def text(self, path: str) -> str:
        """A file of the deployment as text; empty where there is none."""
        blob = self.files.get(path)
        return blob.path.read_text("utf-8", "replace") if blob else ""


class Site:
    """One site of the host: its deployments, oldest first, and what its production domain shows."""

    def __init__(self, name: str, *, day: float, alias_delay: float) -> None:
        self.name = name
        self.id = f"{name}-{secrets.token_hex(8)}"
        self.deployments: dict[str, Deployment] = {}
        self._day = day
        self._delay = alias_delay
        self._shown: list[tuple[float, str]] = []

    def add(self, deployment: Deployment) -> Deployment:
        """A new deployment; nothing shows it yet."""
        self.deployments[deployment.id] = deployment
        return deployment

    def publish(self, deployment: Deployment) -> None:
        """Let production show ``deployment``, after the host's delay where it has one."""
        deployment.was_live = True
        self._shown.append((time.time() + (self._delay if self._shown else 0.0), deployment.id))

    @property
    def published(self) -> str:
        """Id that the API names as live, whether every edge shows it yet or not; empty before the first."""
        return self._shown[-1][1] if self._shown else ""

    @property
    def settled(self) -> bool:
        """Whether production shows what the API names as live."""
        return not self._shown or self._shown[-1][0] <= time.time()

    def live(self) -> Deployment | None:
        """What production shows now."""
        now = time.time()
        ids = [deployment for at, deployment in self._shown if at <= now]
        return self.deployments.get(ids[-1]) if ids else None

    def age(self, deployment: Deployment) -> float:
        """Age in the host's days, which a drill may make short."""
        return (time.time() - deployment.created) / self._day

    def newest_first(self) -> list[Deployment]:
        """As lists of the vendors are ordered."""
        return list(reversed(self.deployments.values()))

    def remove(self, id_: str) -> None:
        """Delete a deployment; what production shows is not to be removed, which is the vendor module's to know."""
        del self.deployments[id_]


@dataclass(frozen=True)
class Snapshot:
    """What the harness is told of a stand-in, without the vendor's API."""

    site_id: str
    live: str
    deployments: Mapping[str, str]
    """State by id."""
    settings: Mapping[str, str]
    """Pins, locks, variables: what outlives a deployment."""

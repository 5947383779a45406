"""How deployed files are served: which file answers a path, with which headers. Shared by all vendors."""

from __future__ import annotations

import fnmatch
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drills.static.store import Blob, Deployment

REVALIDATE = "public, max-age=0, must-revalidate"
"""Cache-Control where the site sets none: Vercel ("Cache-Control headers"), Netlify ("Caching overview") and
Cloudflare Pages ("Serving Pages") all send it with static files."""


@dataclass(frozen=True)
class Rewrite:
    """A path (``*`` stands for anything) that is answered otherwise. ``status`` 200 keeps the address."""

    path: str
    to: str
    status: int
    force: bool = False
    """Whether it wins over a file of that name."""

    def matches(self, path: str) -> bool:
        """Whether ``path`` is meant."""
        return fnmatch.fnmatchcase(path, self.path)


@dataclass(frozen=True)
class Settings:
    """What the team's own configuration in the deployment says."""

    headers: Sequence[tuple[str, Mapping[str, str]]] = ()
    """Headers by path pattern, in order; a later one wins."""
    rewrites: Sequence[Rewrite] = ()


@dataclass(frozen=True)
class Served:
    """An answer: a file or none, status and headers."""

    status: int
    blob: Blob | None = None
    headers: dict[str, str] = field(default_factory=dict)


def serve(deployment: Deployment, settings: Settings, path: str) -> Served:
    """What a visitor of ``deployment`` gets at ``path`` (without a query)."""
    forced = next((each for each in settings.rewrites if each.force and each.matches(path)), None)
    found = "" if forced else _file(deployment, path)
    rewrite = forced or (None if found else next((each for each in settings.rewrites if each.matches(path)), None))
    status = 200
    if rewrite:
        if 300 <= rewrite.status < 400:
            return Served(rewrite.status, None, {"Location": rewrite.to, **_headers(settings, path)})
        found, status = _file(deployment, rewrite.to), rewrite.status
    if not found:
        return Served(404, deployment.files.get("/404.html"), {"Content-Type": "text/html; charset=utf-8"})
    blob = deployment.files[found]
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else ""
    own = {"Content-Type": kind + charset, "Cache-Control": REVALIDATE, "ETag": f'"{blob.sha256[:32]}"'}
    return Served(status, blob, {**own, **_headers(settings, path)})


def _file(deployment: Deployment, path: str) -> str:
    """The file of the deployment that answers ``path``: itself, its index, or the page without its ending."""
    candidates = [path + "index.html"] if path.endswith("/") else [path, path + ".html", path + "/index.html"]
    return next((each for each in candidates if each in deployment.files), "")


def _headers(settings: Settings, path: str) -> dict[str, str]:
    merged: dict[str, str] = {}
    for pattern, headers in settings.headers:
        if fnmatch.fnmatchcase(path, pattern):
            merged.update(headers)
    return merged


def parse_headers_file(text: str) -> list[tuple[str, dict[str, str]]]:
    """A ``_headers`` file, as Netlify and Cloudflare Pages read it: a path, then indented ``Name: value`` lines."""
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            found.append((line.strip(), {}))
        elif found:
            name, _, value = line.strip().partition(":")
            found[-1][1][name.strip()] = value.strip()
    return found


def parse_redirects_file(text: str) -> list[Rewrite]:
    """A ``_redirects`` file, as Netlify and Cloudflare Pages read it: ``from to [status][!]``, by default 301."""
    found: list[Rewrite] = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) < 2:
            continue
        code = words[2] if len(words) > 2 else "301"
        status = code.removesuffix("!")
        found.append(Rewrite(words[0], words[1], int(status) if status.isdigit() else 301, code.endswith("!")))
    return found

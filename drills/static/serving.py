"""How deployed files are served: which file answers a path, with which headers. Shared by all vendors."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote

from drills.static.store import Blob, Deployment

REVALIDATE = "public, max-age=0, must-revalidate"
"""Cache-Control where the site sets none: Vercel ("Cache-Control headers"), Netlify ("Caching overview") and
Cloudflare Pages ("Serving Pages") all send it with static files."""


_NOT_THE_SITES = frozenset(
    {"accept-ranges", "age", "allow", "alt-svc", "connection", "content-encoding", "content-length", "content-range"}
    | {"date", "keep-alive", "server", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers of the connection or of the bytes on it: the server's to set (RFC 9110; Netlify, "Custom headers")."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header's name (RFC 9110, 5.1)."""
_AS_IT_IS = "%/:?#[]@!$&'()*+,;=~"
"""What stays in an address: delimiters, and what is encoded already (RFC 3986)."""


_VARIABLE = re.compile(r"\*|:[A-Za-z]\w*", re.ASCII)
"""A part of a path that stands for others."""


@lru_cache(maxsize=4096)
def _pattern(path: str) -> re.Pattern[str]:
    """``*`` stands for anything and is ``:splat``, ``:name`` for a part between slashes; nothing else is special.

    Each but the last takes as little as it can and never again more, so that no path makes the search long.
    """
    fixed, variables = _VARIABLE.split(path), _VARIABLE.findall(path)
    names = ["splat" if each == "*" else each[1:] for each in variables]
    text = re.escape(fixed[0])
    for place, (variable, name, after) in enumerate(zip(variables, names, fixed[1:], strict=True)):
        kind = ".*" if variable == "*" else "[^/]+"
        group = f"(?P<{name}>" if name not in names[:place] else "(?:"
        last = place == len(variables) - 1
        text += f"{group}{kind}){re.escape(after)}" if last else f"(?>{group}{kind}?){re.escape(after)})"
    return re.compile(text, re.DOTALL)


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
        return _pattern(self.path).fullmatch(path) is not None

    def target(self, path: str) -> str:
        """``to`` for ``path``, with what the pattern found in it."""
        found = _pattern(self.path).fullmatch(path)
        groups = found.groupdict() if found else {}
        return re.sub(r":([A-Za-z]\w*)", lambda name: groups.get(name[1], name[0]), self.to, flags=re.ASCII)


@dataclass(frozen=True)
class Settings:
    """What the team's own configuration in the deployment says."""

    headers: Sequence[tuple[str, Mapping[str, str]]] = ()
    """Headers by path pattern, in order; an empty value takes one off."""
    rewrites: Sequence[Rewrite] = ()
    joined: bool = False
    """Whether a header of several patterns has all their values, with commas; otherwise the last one wins."""


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
        to = rewrite.target(path)
        if 300 <= rewrite.status < 400:
            return Served(rewrite.status, None, _with_own({"Location": quote(to, safe=_AS_IT_IS)}, settings, path))
        found, status = _file(deployment, to), rewrite.status
    if not found:
        return Served(404, deployment.files.get("/404.html"), {"Content-Type": "text/html; charset=utf-8"})
    blob = deployment.files[found]
    kind = mimetypes.guess_type(found)[0] or "application/octet-stream"
    charset = "; charset=utf-8" if kind.startswith("text/") or kind.endswith(("javascript", "json")) else ""
    own = {"Content-Type": kind + charset, "Cache-Control": REVALIDATE, "ETag": f'"{blob.sha256[:32]}"'}
    return Served(status, blob, _with_own(own, settings, path))


def _file(deployment: Deployment, path: str) -> str:
    """The file of the deployment that answers ``path``: itself, its index, or the page without its ending."""
    candidates = [path + "index.html"] if path.endswith("/") else [path, path + ".html", path + "/index.html"]
    return next((each for each in candidates if each in deployment.files), "")


def _with_own(given: Mapping[str, str], settings: Settings, path: str) -> dict[str, str]:
    """The host's headers, with the site's own in their place. Names are one whatever their case (RFC 9110, 5.1)."""
    own: dict[str, tuple[str, str]] = {}
    for pattern, headers in settings.headers:
        if not _pattern(pattern).fullmatch(path):
            continue
        for name, value in headers.items():
            key = name.lower()
            before = own[key][1] if settings.joined and key in own else ""
            if not value:
                own.pop(key, None)
            elif _sendable(name, value):
                # Headers are bytes: what is not Latin-1 goes out as the UTF-8 of the file.
                said = value.encode("utf-8", "replace").decode("latin-1")
                own[key] = (name, f"{before}, {said}" if before else said)
    hosts = {name: value for name, value in given.items() if name.lower() not in own}
    spelled = {name.lower(): name for name in given}
    return {**hosts, **{spelled.get(key, name): value for key, (name, value) in own.items()}}


def _sendable(name: str, value: str) -> bool:
    plain = all(letter == "\t" or letter.isprintable() or ord(letter) > 127 for letter in value)
    return bool(_NAME.fullmatch(name)) and name.lower() not in _NOT_THE_SITES and plain


def parse_headers_file(text: str) -> list[tuple[str, dict[str, str]]]:
    """A ``_headers`` file, as Netlify and Cloudflare Pages read it: a path, then indented ``Name: value`` lines.

    ``! Name`` takes a header off (Pages, "Headers").
    """
    found: list[tuple[str, dict[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line[0].isspace():
            found.append((line.strip(), {}))
        elif found:
            name, _, value = line.strip().removeprefix("! ").partition(":")
            found[-1][1][name.strip()] = value.strip()
    return found


def parse_redirects_file(text: str) -> list[Rewrite]:
    """A ``_redirects`` file as Netlify reads it: ``from to [status][!]``, by default 301; other lines are left out."""
    found: list[Rewrite] = []
    for path, to, code in redirect_lines(text):
        status = (code or "301").removesuffix("!")
        if re.fullmatch(r"[2-5]\d\d", status, re.ASCII):
            found.append(Rewrite(path, to, int(status), code.endswith("!")))
    return found


def redirect_lines(text: str) -> list[tuple[str, str, str]]:
    """Path, target and code (perhaps empty) of each line of a ``_redirects`` file that has at least the first two."""
    words = (line.partition(" #")[0].split() for line in text.splitlines() if not line.lstrip().startswith("#"))
    return [(each[0], each[1], each[2] if len(each) > 2 else "") for each in words if len(each) > 1]

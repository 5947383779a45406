"""A ``traffic:`` block from what a team has: a HAR recording, an OpenAPI description, or a list of paths.

Of a recording only method, path and status are read: no header, no cookie, no body, so that nothing of whoever recorded
it gets into a scenario, and no query that looks like a secret. Writes are left out unless they are asked for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import yaml
from openapi_pydantic import Operation, parse_obj
from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import UsageProblem

_METHODS = {"GET", "POST", "PUT", "DELETE"}
"""What the probe sends (harness/probe/config.py)."""
_SECRET = re.compile(r"(?i)token|secret|passw|api[-_]?key|apikey|auth|session|sig(nature)?$|credential|^code$|^key$")
_PAGES = re.compile(r"(?i)\.(js|css|png|jpe?g|gif|svg|ico|woff2?|ttf|map|webp|mp4)$")
"""What a browser fetches besides; a recording is full of it, and it says nothing about the service."""
_LINE = re.compile(r"(?:(?P<method>[A-Z]+)\s+)?(?P<path>/\S*|https?://\S+)")
_BIGGEST = 64 * 1024 * 1024


class _Request(BaseModel):
    """What is read of a request in a HAR (HAR 1.2, ``log.entries[].request``)."""

    model_config = ConfigDict(extra="ignore")
    method: str
    url: str


class _Response(BaseModel):
    model_config = ConfigDict(extra="ignore")
    status: int = 0


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")
    request: _Request
    response: _Response = _Response()


class _Log(BaseModel):
    model_config = ConfigDict(extra="ignore")
    entries: list[_Entry]


class _Har(BaseModel):
    model_config = ConfigDict(extra="ignore")
    log: _Log


@dataclass(frozen=True)
class _Asked:
    """One kind of request."""

    method: str
    path: str
    vary: tuple[tuple[str, int, int], ...] = ()
    status: int = 200


def traffic_of(file: Path, *, writes: bool = False, most: int = 20) -> Mapping[str, Any]:
    """The block ``traffic:`` for the most frequent requests of ``file``.

    Args:
        writes: POST, PUT and DELETE too.
        most: kinds of request at most.

    Raises:
        UsageProblem: it is none of the three, or there is no request in it that can be sent.
    """
    asked = Counter(each for each in _read(file) if each.method == "GET" or (writes and each.method in _METHODS))
    chosen = asked.most_common(most)
    if not chosen:
        raise UsageProblem(
            f"{file}: no {'' if writes else 'GET '}request that a probe can send",
            next_step="" if writes else "`drill traffic --writes` takes POST, PUT and DELETE too",
        )
    requests = [_written(each, count) for each, count in chosen]
    return {"rate": 10, "timeout": "5s", "requests": requests}


def _read(file: Path) -> Sequence[_Asked]:
    if file.stat().st_size > _BIGGEST:
        raise UsageProblem(f"{file} has more than {_BIGGEST // 1024**2} MiB", next_step="record less")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    data = _parsed(text)
    if isinstance(data, dict) and "log" in data:
        return list(_of_har(file, data))
    if isinstance(data, dict) and "openapi" in data:
        return list(_of_openapi(file, data))
    listed = [_LINE.fullmatch(line.strip()) for line in text.splitlines() if line.strip() and line[0] != "#"]
    if not listed or not all(listed):
        raise UsageProblem(
            f"{file}: expected a HAR, an OpenAPI 3 file or a list of paths",
            next_step="a list has one request a line: `/orders/17` or `GET /orders/17`",
        )
    return [_asked(each["method"] or "GET", each["path"]) for each in listed if each]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError, RecursionError):
        return None


def _of_har(file: Path, data: Mapping[str, Any]) -> Iterator[_Asked]:
    try:
        entries = _Har.model_validate(data).log.entries
    except ValidationError as problem:
        raise UsageProblem(f"{file}: not a HAR: {problem.errors()[0]['msg']}", next_step="export it again") from problem
    hosts = Counter(urlsplit(each.request.url).netloc for each in entries)
    own = hosts.most_common(1)[0][0] if hosts else ""
    for each in entries:
        # One service is drilled: what a page loads from others is not its traffic.
        if urlsplit(each.request.url).netloc == own and not _PAGES.search(urlsplit(each.request.url).path):
            yield _asked(each.request.method.upper(), each.request.url, each.response.status or 200)


def _asked(method: str, url: str, status: int = 200) -> _Asked:
    """A recorded or listed request, without what looks like a secret."""
    parts = urlsplit(url)
    query = [(name, value) for name, value in parse_qsl(parts.query) if not _SECRET.search(name)]
    path = _plain(parts.path or "/") + (f"?{_plain(urlencode(query))}" if query else "")
    return _Asked(method, path, (), status)


def _of_openapi(file: Path, data: Mapping[str, Any]) -> Iterator[_Asked]:
    try:
        api = parse_obj(dict(data))
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageProblem(
            f"{file}: not an OpenAPI 3 file: {where}: {first['msg']}", next_step="correct it"
        ) from problem
    prefix = urlsplit(api.servers[0].url if api.servers else "").path.rstrip("/")
    for path, item in (api.paths or {}).items():
        for method in sorted(_METHODS):
            operation: Operation | None = getattr(item, method.lower())
            if operation is None:
                continue
            given = [_resolved(api, each) for each in (*(item.parameters or ()), *(operation.parameters or ()))]
            found = _described(method, prefix + path, [each for each in given if each], operation)
            if found:
                yield found


def _resolved(api: Any, parameter: Any) -> Any:
    """A parameter itself, where it is a reference to ``components.parameters``; None for one that leads nowhere."""
    reference = getattr(parameter, "ref", "")
    if not reference:
        return parameter
    known = (api.components.parameters if api.components else None) or {}
    return known.get(reference.rpartition("/")[2])


def _described(method: str, path: str, parameters: Sequence[Any], operation: Any) -> _Asked | None:
    """The request that a description makes possible; None where it needs what nobody can guess."""
    vary: list[tuple[str, int, int]] = []
    query: list[tuple[str, str]] = []
    for each in parameters:
        example = _example(each)
        number = getattr(each.param_schema, "type", None) in ("integer", "number")
        if _where(each) == "path":
            variable = re.sub(r"\W", "_", each.name)
            if example is None and not number:
                return None
            value = "{{ " + variable + " }}" if example is None else _plain(str(example))
            vary += [(variable, 1, 100)] if example is None else []
            path = path.replace("{" + each.name + "}", value)
        elif _where(each) == "query" and each.required:
            if example is None and not number:
                return None
            query.append((each.name, "1" if example is None else str(example)))
    if re.search(r"(?<!\{)\{[^{]", path):
        return None
    if query:
        path += f"?{_plain(urlencode(query))}"
    answers = [int(each) for each in (operation.responses or {}) if str(each).isdigit() and str(each).startswith("2")]
    return _Asked(method, path, tuple(vary), min(answers, default=200))


def _where(parameter: Any) -> str:
    return str(getattr(parameter.param_in, "value", parameter.param_in))


def _example(parameter: Any) -> Any:
    schema = parameter.param_schema
    for value in (parameter.example, getattr(schema, "example", None), getattr(schema, "default", None)):
        if value is not None:
            return value
    values = getattr(schema, "enum", None) or getattr(schema, "examples", None) or [None]
    return values[0]


def _plain(text: str) -> str:
    """Text that no template reads: braces are what ``{{ }}`` is made of."""
    return text.replace("{", "%7B").replace("}", "%7D")


def _written(asked: _Asked, count: int) -> Mapping[str, Any]:
    request: dict[str, Any] = {"name": f"{asked.method} {asked.path}", "weight": count}
    request[asked.method.lower()] = asked.path
    if asked.vary:
        request["vary"] = {name: [low, high] for name, low, high in asked.vary}
    if asked.method in ("POST", "PUT"):
        request["json"] = {}
    request["expect"] = {"status": asked.status}
    return request

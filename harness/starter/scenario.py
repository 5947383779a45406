"""The text of a first scenario: valid as it is, with a TODO wherever only the team knows better."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from harness.starter import Draft, Found

_WIDTH = 110
_HEAD = """\
# {title}
# Written by `drill init`. Each TODO below is something that only you know. Then:
#   drill validate {file}      says everything that is wrong with it
#   drill plan {file}          says what a drill would do, touching nothing
#   drill run {file}           rehearses it
"""
_TRAFFIC = "what users do, most of all; `drill traffic FILE` makes it from a HAR or OpenAPI file"
_SMOKE = "what you look at after a deploy; your own script or test suite is `{uses: command, run: [./smoke.sh]}`"
_BAD = "an image, tag or commit of a release that went wrong, or one that you broke on purpose: it has to harm users"
_PATHS = "the rollback, exactly as your runbook has it; a first attempt that breaks is declared (docs: Paths)"


def scenario_text(
    name: str,
    draft: Draft,
    found: Sequence[Found],
    traffic: Mapping[str, Any] | None = None,
    *,
    file: str,
    workdir: str,
) -> str:
    """A scenario file.

    Args:
        found: everything that was found; the file says which of it is used and what else might be.
        traffic: the block `traffic:`; reads of the draft's path where there is none.
        file: path of the scenario as commands name it.
        workdir: the repository, relative to the scenario.
    """
    title = f"{name.removesuffix('-rollback')}: roll back a bad release"
    parts = [_HEAD.format(title=title, file=file) + "".join(f"# {line}".rstrip() + "\n" for line in _about(found))]
    parts.append(_block({"drill": 1, "name": name, "title": title, "workdir": workdir}))
    parts.append(_block({"stack": draft.stack}, draft.todo.get("stack", ())))
    releases = {"good": "v1", "bad": "v2", "catalogue": {"v1": draft.good, "v2": draft.bad}}
    parts.append(_block({"releases": releases}, (*draft.todo.get("releases", ()), _BAD)))
    parts.append(_block({"deploy": list(draft.deploy)}, draft.todo.get("deploy", ())))
    parts.append(_block({"traffic": traffic or _reads(draft.path)}, () if traffic else (_TRAFFIC,)))
    smoke = [{"uses": "http", "name": f"GET {draft.path}", "get": draft.path, "expect": {"status": 200}}]
    parts.append(_block({"smoke": smoke}, (_SMOKE, *draft.todo.get("smoke", ()))))
    parts.append(_block({"budgets": {"rto": "5m", "detect": "60s"}}, ("how long your users may wait",)))
    rollback = {"name": "rollback", "steps": list(draft.rollback)}
    paths = {"documented": {"summary": "as the runbook has it", "rollback": rollback}}
    parts.append(_block({"paths": paths}, (_PATHS, *draft.todo.get("paths", ()))))
    return "\n".join(parts)


def traffic_text(traffic: Mapping[str, Any]) -> str:
    """The block ``traffic:`` alone."""
    return _block({"traffic": traffic})


def scenario_name(text: str) -> str:
    """A name that scenarios may have, from any text."""
    return re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-._")[:50] or "service"


def todos(text: str) -> Sequence[str]:
    """What a scenario's text leaves to the reader, with its line numbers."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{number}: {line.partition('TODO ')[2]}" for number, line in lines if line.startswith("# TODO ")]


def _about(found: Sequence[Found]) -> Iterator[str]:
    if found:
        yield ""
        yield "Found here:"
    for each in found:
        yield from (f"  {line}" for line in each.lines())


def _reads(path: str) -> Mapping[str, Any]:
    request = {"name": f"GET {path}", "get": path, "expect": {"status": 200}}
    return {"rate": 10, "timeout": "5s", "requests": [request]}


def _block(content: Mapping[str, Any], todo: Sequence[str] = ()) -> str:
    text = yaml.dump(
        content, Dumper=_Plain, sort_keys=False, default_flow_style=False, width=_WIDTH, allow_unicode=True
    )
    return "\n".join([*(f"# TODO {' '.join(line.split())}" for line in todo), text])


class _Plain(yaml.SafeDumper):
    """Writes lists of words on one line, as the shipped scenarios do, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _words(dumper: yaml.SafeDumper, data: Sequence[Any]) -> yaml.Node:
    short = all(isinstance(each, str | int) for each in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=short)


_Plain.add_representer(list, _words)
_Plain.add_representer(tuple, _words)

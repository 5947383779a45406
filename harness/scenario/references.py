"""What validation of single values cannot see: names that point at something else, in the file or beside it.

Works on the raw data, so that it finds what it can also in a scenario that is wrong elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from harness.errors import Complaint
from harness.scenario.suggest import near
from harness.scenario.tree import KeyPath, complain

_CREDENTIALS = "AWS_"
_MANY = 12


def mapping_at(data: Any, *keys: str | int) -> Mapping[str, Any]:
    """The mapping at ``keys`` of unvalidated data; empty where there is none."""
    for key in keys:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def wrong_references(
    root: yaml.Node, data: Mapping[str, Any], file: Path, known_findings: Collection[str]
) -> list[Complaint]:
    """Names of the scenario that point at nothing.

    Args:
        known_findings: ids of the failure-mode catalogue; empty: ids are not judged.
    """
    found = [*_name(root, data, file), *_workdir(root, data, file), *_secrets(root, data)]
    releases = list(mapping_at(data, "releases", "catalogue"))
    for keys, name in _release_names(data):
        if name not in releases:
            found.append(_points_at_nothing(root, keys, name, "a release of `releases.catalogue`", releases))
    for keys, name in _finding_ids(data):
        if known_findings and name not in known_findings:
            ids = sorted(known_findings)
            found.append(_points_at_nothing(root, keys, name, "an id of the failure-mode catalogue", ids))
    return found


def folder_of(data: Mapping[str, Any], file: Path) -> Path:
    """The scenario's ``workdir``, resolved."""
    return (file.parent / str(data.get("workdir", "."))).resolve()


def _points_at_nothing(root: yaml.Node, keys: KeyPath, name: str, what: str, known: list[str]) -> Complaint:
    listed = f" ({', '.join(known)})" if 0 < len(known) <= _MANY else ""
    return complain(root, keys, what + listed, suggestion=near(name, known))


def _release_names(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    named: dict[KeyPath, Any] = {("releases", key): mapping_at(data, "releases").get(key) for key in ("good", "bad")}
    named |= {("next", key): mapping_at(data, "next").get(key) for key in ("release", "serves")}
    named |= {("paths", path, "bad"): mapping_at(data, "paths", path).get("bad") for path in mapping_at(data, "paths")}
    yield from ((keys, name) for keys, name in named.items() if isinstance(name, str))


def _finding_ids(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    lists: dict[KeyPath, Any] = {("teaches",): data.get("teaches")}
    for path in mapping_at(data, "paths"):
        lists["paths", path, "findings"] = mapping_at(data, "paths", path).get("findings")
    for keys, ids in lists.items():
        for index, each in enumerate(ids if isinstance(ids, list) else ()):
            if isinstance(each, str):
                yield (*keys, index), each


def _name(root: yaml.Node, data: Mapping[str, Any], file: Path) -> Iterator[Complaint]:
    if isinstance(data.get("name"), str) and data["name"] != file.stem:
        yield complain(root, ("name",), f"the name of the file, {file.stem}", suggestion=file.stem)


def _secrets(root: yaml.Node, data: Mapping[str, Any]) -> Iterator[Complaint]:
    names = data.get("secrets")
    for index, name in enumerate(names if isinstance(names, list) else ()):
        if isinstance(name, str) and name.upper().startswith(_CREDENTIALS):
            expected = "no AWS variable: real AWS credentials never reach a stack or a command"
            yield complain(root, ("secrets", index), expected)


def _workdir(root: yaml.Node, data: Mapping[str, Any], file: Path) -> Iterator[Complaint]:
    named = data.get("workdir", ".")
    if not isinstance(named, str):
        return
    try:
        folder = folder_of(data, file)
        if folder.is_dir():
            return
        beside = (
            sorted(each.name for each in folder.parent.iterdir() if each.is_dir()) if folder.parent.is_dir() else []
        )
    except (OSError, ValueError):  # a name that no file system takes
        beside = []
        folder = Path(named)
    guess = near(folder.name, beside)
    suggestion = str(Path(named).parent / guess) if guess else ""
    yield complain(root, ("workdir",), "a folder that exists, relative to this file", suggestion=suggestion)

"""YAML and JSON of other people: what is not what it should be is left out, and nothing is raised."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
"""Names that may stand in a command line of a scenario as they are."""
SCRIPT_TODO = "write {script}: {what}"


def documents(text: str) -> Iterator[Mapping[str, Any]]:
    """Every mapping among the documents of a YAML text."""
    try:
        yield from (each for each in yaml.safe_load_all(text) if isinstance(each, dict))
    except (yaml.YAMLError, ValueError, RecursionError):
        return


def json_object(text: str) -> Mapping[str, Any]:
    """The object of a JSON text; empty where it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def at(data: Any, *keys: str | int) -> Any:
    """The value at ``keys``; None where there is none."""
    for key in keys:
        if isinstance(data, Mapping):
            data = data.get(key)
        elif isinstance(data, list) and isinstance(key, int) and key < len(data):
            data = data[key]
        else:
            return None
    return data


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` where it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """``value`` where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def name(value: Any, otherwise: str) -> str:
    """``value`` where it is a plain name, else ``otherwise``."""
    return value if isinstance(value, str) and NAME.fullmatch(value) else otherwise


def port(value: Any, otherwise: int) -> int:
    """A port number."""
    try:
        number = int(str(value))
    except ValueError:
        return otherwise
    return number if 0 < number < 65536 else otherwise


def path(value: Any) -> str:
    """A path of a URL that can stand in a scenario; the root otherwise."""
    return value if isinstance(value, str) and re.fullmatch(r"/[\w./~%-]*", value) else "/"

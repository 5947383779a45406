"""The YAML node tree of a scenario: where a key is, and what stands there.

PyYAML's nodes carry marks, so every place of the file stays known after parsing. A *key path* is a tuple of mapping
keys and list indexes; written, it is ``paths.naive.remedies[0].name``. Trees here have no aliases, no merge keys and
only text as keys (``harness.scenario.source`` sees to that).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from harness.errors import Complaint, Position

KeyPath = tuple[str | int, ...]

OVERRIDE = "--set"
"""File name in positions of values that come from the command line."""

_PLAIN = re.compile(r"[^.\[\]\"\s]+")
_STEP = re.compile(r"""\[(?P<index>\d+)\]|\["(?P<quoted>[^"]+)"\]|(?P<dot>\.?)(?P<plain>[^.\[\]"\s]+)""")
_LONGEST = 60


class ImpliedMapping(yaml.MappingNode):
    """A mapping that an override had to make because its key path goes through it."""


def dotted(keys: KeyPath) -> str:
    """A key path as people write it; ``["v1.2"]`` for a key that has dots or brackets itself."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f'["{key}"]'
    return text


def parse_keys(text: str) -> KeyPath:
    """The inverse of ``dotted``.

    Raises:
        ValueError: it is not a key path.
    """
    keys: list[str | int] = []
    at = 0
    while at < len(text):
        step = _STEP.match(text, at)
        if step is None or (step["plain"] and bool(step["dot"]) != bool(keys)):
            raise ValueError("a key path such as `budgets.rto` or `paths.naive.remedies[0].name`")
        keys.append(int(step["index"]) if step["index"] else step["quoted"] or step["plain"])
        at = step.end()
    if not keys:
        raise ValueError("a key path such as `budgets.rto` or `paths.naive.remedies[0].name`")
    return tuple(keys)


def position(mark: yaml.Mark) -> Position:
    """A PyYAML mark as a position; PyYAML counts from 0."""
    return Position(mark.name, mark.line + 1, mark.column + 1)


def pair(node: yaml.Node, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    """Key and value of ``key`` in a mapping; the last one, as YAML readers have it."""
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((each for each in reversed(node.value) if each[0].value == key), None)


def child(node: yaml.Node, key: str | int) -> yaml.Node | None:
    """What stands at ``key``, or None."""
    if isinstance(key, str):
        found = pair(node, key)
        return found[1] if found else None
    if isinstance(node, yaml.SequenceNode) and 0 <= key < len(node.value):
        element: yaml.Node = node.value[key]
        return element
    return None


def at(root: yaml.Node, keys: KeyPath) -> yaml.Node | None:
    """The node at a key path, or None."""
    node: yaml.Node | None = root
    for key in keys:
        node = None if node is None else child(node, key)
    return node


def nearest(root: yaml.Node, keys: KeyPath) -> yaml.Node:
    """The node at a key path or, where it does not exist, the innermost one around it."""
    node = root
    for key in keys:
        deeper = child(node, key)
        if deeper is None:
            break
        node = deeper
    return node


def scalars(node: yaml.Node, keys: KeyPath = ()) -> Iterator[tuple[KeyPath, yaml.ScalarNode]]:
    """Every scalar value with its key path, in the order of the file."""
    if isinstance(node, yaml.ScalarNode):
        yield keys, node
    elif isinstance(node, yaml.SequenceNode):
        for index, element in enumerate(node.value):
            yield from scalars(element, (*keys, index))
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from scalars(value, (*keys, key.value))


def plain(node: yaml.Node) -> Any:
    """The tree as mappings, lists and scalars; a key that is there twice has its last value."""
    return yaml.SafeLoader("").construct_document(node)


def describe(node: yaml.Node) -> str:
    """What stands there, in words; a scalar that YAML does not read as it is written says so."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return f"a list of {len(node.value)}" if node.value else "an empty list"
    return _describe_scalar(str(node.value), plain(node))


def _describe_scalar(written: str, value: object) -> str:
    if value is None:
        return f"{written}, which YAML reads as nothing" if written else "nothing"
    if isinstance(value, str):
        return repr(shortened(value))
    kind = str(value).lower() if isinstance(value, bool) else f"the number {value}"
    return kind if written.lower() == str(value).lower() else f"{written}, which YAML reads as {kind}"


def shortened(text: str) -> str:
    """``text`` with at most 60 characters."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def quoted(node: yaml.Node | None) -> str:
    """The scalar in quotes, where it would be text if it had them; empty otherwise."""
    if isinstance(node, yaml.ScalarNode) and node.style is None and node.value and not isinstance(plain(node), str):
        return f'"{node.value}"'
    return ""


def complain(
    root: yaml.Node, keys: KeyPath, expected: str, *, seen: str | None = None, suggestion: str = ""
) -> Complaint:
    """A complaint about the value at ``keys``, placed there or, where it does not exist, at what is around it."""
    node = nearest(root, keys)
    said = describe(node) if seen is None else seen
    return Complaint(position(node.start_mark), dotted(keys), expected, said, suggestion)

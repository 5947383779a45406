"""Formats of what a cache and a queue hold: what a reader has to know, without the values themselves."""

from __future__ import annotations

import ast
import json
import re

_ID = re.compile(r"(?i)\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\d+)\b")
_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"\x78\x01", "zlib"),
    (b"\x78\x5e", "zlib"),
    (b"\x78\x9c", "zlib"),
    (b"\x78\xda", "zlib"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x08", "Ruby Marshal 4.8"),
)
"""RFC 1952, RFC 1950, RFC 8878, and the documentation of Ruby's Marshal."""
_JSON = "JSON"


def pattern(key: str) -> str:
    """The key with its numbers and identifiers left out: ``order:17`` is one of ``order:*``.

    A number that is glued to a letter stays, as versions are written: ``order:v2:17`` is ``order:v2:*``.
    """
    return _ID.sub("*", key)


def value_format(value: bytes) -> str:
    """How a value is written: ``pickle protocol 4``, ``zlib``, ``JSON object: id, sku``, ``text`` or ``bytes``."""
    if value[:1] == b"\x80" and value[-1:] == b"." and len(value) > 2:
        return f"pickle protocol {value[1]}"
    for magic, name in _MAGIC:
        if value.startswith(magic):
            return name
    try:
        return _text_format(value.decode())
    except UnicodeDecodeError:
        return "bytes"


def _text_format(text: str) -> str:
    try:
        data = json.loads(text)
    except ValueError:
        return "text"
    return f"{_JSON} object: {', '.join(sorted(data))}" if isinstance(data, dict) else f"{_JSON} {type(data).__name__}"


def readable(before: str, after: str) -> bool:
    """Whether a reader of all formats in ``before`` can read those in ``after``: the same, or objects with more fields.

    What is gone is no trouble to a cache; what is under a new name nobody of before asks for.
    """
    if not before or not after:
        return True
    known = before.split(" | ")
    return all(any(_extends(old, new) for old in known) for new in after.split(" | "))


def _extends(old: str, new: str) -> bool:
    head = f"{_JSON} object: "
    if old.startswith(head) and new.startswith(head):
        return {*old.removeprefix(head).split(", ")} <= {*new.removeprefix(head).split(", ")}
    return old == new


def call(description: str) -> str:
    """A job's call without its values: ``shop.jobs.confirm(1, locale=)`` of ``shop.jobs.confirm(17, locale='de')``.

    The number is that of its positional arguments. Empty where the text is no call.
    """
    try:
        node = ast.parse(description, mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    if not isinstance(node, ast.Call):
        return ""
    names = sorted(f"{each.arg}=" for each in node.keywords if each.arg)
    return f"{ast.unparse(node.func)}({', '.join([str(len(node.args)), *names])})"

"""``{{ }}`` in steps and checks, judged before anything runs.

The names that a run offers are known from the scenario itself, down to the values of the releases that are used; what
a service gives is known only when it runs. Traffic draws its own names and judges them itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from jinja2 import TemplateError, meta, nodes

from harness.errors import Complaint
from harness.scenario.references import mapping_at
from harness.scenario.suggest import near
from harness.scenario.tree import KeyPath, at, complain, scalars, shortened
from harness.template import ENVIRONMENT, compiled

NAMES = ("run", "release", "good", "bad", "target", "services", "stack", "key")
"""What ``{{ }}`` may begin with."""
_RELEASE_KEYS = ("id", "version", "image", "values")
_NOT_TEMPLATES = {"name", "uses"}
_FORGIVING = {"default", "d"}


@dataclass(frozen=True)
class _Place:
    """A part of the scenario whose text may hold templates, and the releases that its names stand for."""

    keys: KeyPath
    releases: Mapping[str, frozenset[str]]


def wrong_placeholders(root: yaml.Node, data: Mapping[str, Any]) -> list[Complaint]:
    """Templates of steps and checks that cannot be read, or that use a name which will not exist."""
    found: list[Complaint] = []
    for place in _places(data):
        node = at(root, place.keys)
        for keys, scalar in scalars(node, place.keys) if node is not None else ():
            if keys[-1] not in _NOT_TEMPLATES and ("{{" in scalar.value or "{%" in scalar.value):
                found += _wrong(root, data, place, keys, scalar.value)
    return found


def _places(data: Mapping[str, Any]) -> Iterator[_Place]:
    releases, paths = mapping_at(data, "releases"), mapping_at(data, "paths")
    good = _names(releases.get("good"))
    bad_of = {path: _names(mapping_at(paths, path).get("bad") or releases.get("bad")) for path in paths}
    every_bad = frozenset().union(*bad_of.values()) if bad_of else _names(releases.get("bad"))
    after = _names(mapping_at(data, "next").get("release"))
    served = good | every_bad | after | _names(mapping_at(data, "next").get("serves"))
    anywhere = {"good": good, "bad": every_bad, "release": served, "target": served}
    yield from (_Place((key,), anywhere) for key in ("deploy", "smoke", "verify", "next"))
    for path, bad in bad_of.items():
        inside = {"good": good, "bad": bad, "release": good | bad | after, "target": good | bad | after}
        yield from (_Place(("paths", path, key), inside) for key in ("rollback", "remedies"))


def _names(value: Any) -> frozenset[str]:
    return frozenset([value]) if isinstance(value, str) else frozenset()


def _wrong(root: yaml.Node, data: Mapping[str, Any], place: _Place, keys: KeyPath, text: str) -> Iterator[Complaint]:
    try:
        compiled(text)
        tree = ENVIRONMENT.parse(text)
    except (TemplateError, ValueError, ArithmeticError, RecursionError) as problem:
        yield complain(root, keys, "a template that Jinja can read", seen=f"{shortened(text)!r} ({str(problem)[:120]})")
        return
    undeclared = meta.find_undeclared_variables(tree)
    for name in sorted(undeclared - set(NAMES)):
        expected = f"a template that begins with one of {', '.join(NAMES)}"
        yield complain(root, keys, expected, seen=repr(name), suggestion=near(name, NAMES))
    for chain in _chains(tree):
        if chain[0] in undeclared and (wrong := _unknown(data, place, chain)):
            name, known = wrong
            written = ".".join(chain[: chain.index(name, 1) + 1])
            around = ".".join(chain[: chain.index(name, 1)])
            expected = f"`{around}` with {' or '.join(known) or 'nothing'} behind it"
            yield complain(root, keys, expected, seen=repr(written), suggestion=near(name, known))


def _chains(tree: nodes.Template) -> Iterator[list[str]]:
    """``release.values.schema`` as a list, for every place where a missing name would be an error."""
    forgiven = {
        id(inner)
        for outer in tree.find_all((nodes.Filter, nodes.Test))
        if isinstance(outer, nodes.Test) or outer.name in _FORGIVING
        for inner in [outer.node, *(outer.node.find_all((nodes.Getattr, nodes.Getitem)) if outer.node else ())]
    }
    inside: set[int] = set()
    for node in tree.find_all((nodes.Getattr, nodes.Getitem)):
        chain, parts = _chain(node)
        if id(node) not in inside and id(node) not in forgiven and chain:
            yield chain
        inside |= parts


def _chain(node: nodes.Node) -> tuple[list[str], set[int]]:
    names: list[str] = []
    parts: set[int] = set()
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        parts.add(id(node))
        if isinstance(node, nodes.Getattr):
            names.insert(0, node.attr)
        elif isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            names.insert(0, node.arg.value)
        else:
            names.clear()  # known only at run time, and so is everything behind it
        node = node.node
    return ([node.name, *names] if isinstance(node, nodes.Name) and names else []), parts


def _unknown(data: Mapping[str, Any], place: _Place, chain: list[str]) -> tuple[str, list[str]] | None:
    """The first name of a chain that will not exist, and what there is instead."""
    first, name, deeper = chain[0], chain[1], chain[2:]
    known: Mapping[str, tuple[str, ...]] = {
        "run": ("id",),
        "stack": ("url",),
        "services": tuple(mapping_at(data, "stack", "services")),
    }
    choices = known.get(first, _RELEASE_KEYS)
    if name not in choices:
        return name, list(choices)
    if first in place.releases and name == "values" and deeper:
        return _unknown_value(data, place.releases[first], deeper[0])
    return None


def _unknown_value(data: Mapping[str, Any], releases: frozenset[str], name: str) -> tuple[str, list[str]] | None:
    for release in sorted(releases):
        catalogue = mapping_at(data, "releases", "catalogue")
        values = mapping_at(catalogue, release, "values")
        if release in catalogue and name not in values:
            return name, list(values)
    return None

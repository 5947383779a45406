"""``--set KEY=VALUE``: the scenario with other values, before it is validated.

The value is composed like the file is, with the command line as its place, so that every later complaint about it
points at the ``--set`` that brought it.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml

from harness.errors import Complaint, Position, ScenarioProblem
from harness.scenario.source import compose
from harness.scenario.suggest import near
from harness.scenario.tree import OVERRIDE, ImpliedMapping, KeyPath, child, describe, dotted, parse_keys

_MAP = "tag:yaml.org,2002:map"
_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"


def overridden(root: yaml.Node, overrides: Sequence[str]) -> tuple[yaml.Node, list[Complaint]]:
    """The tree with every override applied in order, and what is wrong with those that cannot be."""
    complaints: list[Complaint] = []
    for number, override in enumerate(overrides):
        try:
            keys, value, repaired = _parsed(override, number)
            complaints += repaired
            root = _replaced(root, (), keys, value, _mark(number))
        except ScenarioProblem as problem:
            complaints += problem.complaints
    return root, complaints


def _mark(number: int) -> yaml.Mark:
    return yaml.Mark(OVERRIDE, 0, number, 0, "", 0)


def _problem(number: int, key: str, expected: str, seen: str, suggestion: str = "") -> ScenarioProblem:
    return ScenarioProblem([Complaint(Position(OVERRIDE, number + 1, 1), key, expected, seen, suggestion)])


def _parsed(override: str, number: int) -> tuple[KeyPath, yaml.Node, list[Complaint]]:
    key, equals, text = override.partition("=")
    if not equals:
        raise _problem(number, override, "KEY=VALUE", "no `=`")
    try:
        keys = parse_keys(key)
    except ValueError as problem:
        raise _problem(number, override, str(problem), repr(key)) from problem
    try:
        value, complaints = compose(text, OVERRIDE, line=number, column=len(key) + 1)
    except ScenarioProblem as problem:
        raise ScenarioProblem([_below(keys, each) for each in problem.complaints]) from problem
    if value is None:
        value = yaml.ScalarNode(_NULL, "", _mark(number), _mark(number))
    return keys, value, [_below(keys, each) for each in complaints]


def _below(keys: KeyPath, complaint: Complaint) -> Complaint:
    inner = complaint.key if not complaint.key or complaint.key.startswith("[") else f".{complaint.key}"
    return Complaint(complaint.where, dotted(keys) + inner, complaint.expected, complaint.seen, complaint.suggestion)


def _replaced(node: yaml.Node, above: KeyPath, keys: KeyPath, value: yaml.Node, mark: yaml.Mark) -> yaml.Node:
    """A copy of ``node`` with ``value`` at ``keys``; what is not on the way is shared."""
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    _require(node, above, key, mark)
    inner = child(node, key)
    inner = ImpliedMapping(_MAP, [], mark, mark) if inner is None or (rest and _is_nothing(inner)) else inner
    new = _replaced(inner, (*above, key), rest, value, mark)
    if isinstance(key, int):
        elements = [new if index == key else each for index, each in enumerate(node.value)]
        return yaml.SequenceNode(node.tag, elements, node.start_mark, node.end_mark)
    names = [each[0].value for each in node.value]
    pairs = [(name, new if name.value == key else old) for name, old in node.value]
    if key not in names:
        pairs.append((yaml.ScalarNode(_TEXT, key, mark, mark), new))
    return type(node)(node.tag, pairs, node.start_mark, node.end_mark)


def _is_nothing(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _require(node: yaml.Node, above: KeyPath, key: str | int, mark: yaml.Mark) -> None:
    where, here = mark.line, dotted(above)
    if isinstance(key, int):
        if not isinstance(node, yaml.SequenceNode):
            seen = "nothing" if isinstance(node, ImpliedMapping) else describe(node)
            raise _problem(where, dotted((*above, key)), f"a list at `{here}`", seen)
        if key >= len(node.value):
            raise _problem(where, dotted((*above, key)), f"an index below {len(node.value)}", str(key))
    elif isinstance(node, yaml.SequenceNode):
        names = [str(getattr(child(each, "name"), "value", "")) for each in node.value]
        hint = f"[{names.index(key)}]" if key in names else near(key, [f"[{index}]" for index in range(len(names))])
        raise _problem(where, dotted((*above, key)), f"an index, as in `{here}[0]`", repr(key), hint)
    elif not isinstance(node, yaml.MappingNode):
        raise _problem(where, dotted((*above, key)), f"a mapping at `{here}`", describe(node))

"""From a file, or the value of ``--set``, to a clean node tree. PyYAML parses; here is what it would let through.

Refused outright (the rest cannot be read): no readable text, too big, no YAML, aliases that explode or contain
themselves. Collected and repaired, so that validation can go on and find more: duplicate keys, keys that are no text,
tags, scalars that YAML reads as something else than was written.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from harness.errors import Complaint, Position, ScenarioProblem
from harness.scenario.suggest import near
from harness.scenario.tree import OVERRIDE, KeyPath, describe, dotted, position, shortened

MAX_BYTES = 256 * 1024
MAX_NODES = 20_000
MAX_DEPTH = 40

_YAML = "tag:yaml.org,2002:"
_TEXT = _YAML + "str"
_DESCRIBABLE = {_YAML + kind for kind in ("null", "bool", "int", "float")}
_TRUTH = {"true", "false"}
_LEADING_ZERO = re.compile(r"[-+]?0[0-7_]+")
_LARGEST = 2**63
_SUFFIXES = (".yaml", ".yml")


def read_text(path: Path, what: str = "a scenario file") -> str:
    """Text of a file; a UTF-8 byte order mark is taken off.

    Raises:
        ScenarioProblem: no such file (with the nearest name in its folder), not a file, too big, not UTF-8.
    """
    try:
        if not path.exists():
            raise _refused(path, what, "nothing with this name", near(path.name, _names_beside(path)))
        if not path.is_file():
            raise _refused(path, what, "a folder" if path.is_dir() else "something that is not a file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        size = path.stat().st_size
    except OSError as problem:
        raise _refused(path, "a file that can be read", problem.strerror or str(problem)) from problem
    if len(content) > MAX_BYTES:
        raise _refused(path, f"at most {MAX_BYTES // 1024} KiB", f"{size / 1024:.0f} KiB")
    return _decoded(path, content)


def compose(text: str, name: str, *, line: int = 0, column: int = 0) -> tuple[yaml.Node | None, list[Complaint]]:
    """A clean tree of ``text``, and what had to be repaired in it; None where ``text`` says nothing.

    Args:
        name: file name in positions.
        line: where ``text`` starts, counted from 0; so is ``column``.

    Raises:
        ScenarioProblem: it cannot be read as YAML.
    """
    try:
        loader = _Loader(text, name, line, column)
        root = loader.get_single_node()
        if root is None:
            return None, []
        _Size().of(root)
        cleaner = _Cleaner(loader)
        return cleaner.clean(root, ()), cleaner.complaints
    except yaml.reader.ReaderError as problem:
        raise _unprintable(text, name, line, column, problem) from problem
    except yaml.MarkedYAMLError as problem:
        raise ScenarioProblem([_syntax(text, name, problem)]) from problem


class _Loader(yaml.SafeLoader):
    """PyYAML's composer with limits; remembers which nodes have a tag of their own."""

    def __init__(self, text: str, name: str, line: int, column: int) -> None:
        self.start = line, column
        super().__init__(text)
        self.name = name
        self.tagged: dict[int, str] = {}
        self.depth = self.nodes = 0

    def get_mark(self) -> yaml.Mark:
        line, column = self.start
        mark: yaml.Mark = super().get_mark()
        column = column + mark.column if mark.line == 0 else mark.column
        return yaml.Mark(mark.name, mark.index, line + mark.line, column, "", 0)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        self.depth += 1
        self.nodes += 1
        _limit(self.nodes, self.depth, event.start_mark)
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        if node is not None and not isinstance(event, yaml.AliasEvent) and event.tag not in (None, "!"):
            self.tagged[id(node)] = event.tag
        return node


def _limit(nodes: int, depth: int, mark: yaml.Mark) -> None:
    if depth > MAX_DEPTH:
        raise yaml.MarkedYAMLError(problem=f"at most {MAX_DEPTH} levels of nesting", problem_mark=mark)
    if nodes > MAX_NODES:
        raise yaml.MarkedYAMLError(problem=f"at most {MAX_NODES} values, aliases expanded", problem_mark=mark)


class _Size:
    """Size of the tree with every alias expanded, counted without expanding it."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[int, int]] = {}
        self.open: set[int] = set()

    def of(self, node: yaml.Node) -> tuple[int, int]:
        """Nodes and depth; an alias always points backwards, so this recursion is no deeper than the text is."""
        if id(node) in self.open:
            raise yaml.MarkedYAMLError(problem="no alias inside of what it stands for", problem_mark=node.start_mark)
        if id(node) not in self.known:
            self.open.add(id(node))
            sizes = [self.of(each) for each in _children(node)]
            self.open.remove(id(node))
            size = 1 + sum(nodes for nodes, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)
            _limit(*size, node.start_mark)
            self.known[id(node)] = size
        return self.known[id(node)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for key_and_value in node.value for each in key_and_value]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


class _Cleaner:
    """Copies a tree: aliases and merge keys expanded, only text as keys, only plain scalars."""

    def __init__(self, loader: _Loader) -> None:
        self.loader = loader
        self.complaints: list[Complaint] = []
        self.flat: set[int] = set()

    def clean(self, node: yaml.Node, keys: KeyPath) -> yaml.Node:
        marks = node.start_mark, node.end_mark
        own_tag = self.loader.tagged.get(id(node), "")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, keys, own_tag)
        mapping = isinstance(node, yaml.MappingNode)
        plain_tag = _YAML + ("map" if mapping else "seq")
        if own_tag not in ("", plain_tag):
            self._tag(node, keys, own_tag)
        if isinstance(node, yaml.MappingNode):
            return yaml.MappingNode(plain_tag, self._pairs(node, keys), *marks)
        elements = [self.clean(each, (*keys, index)) for index, each in enumerate(node.value)]
        return yaml.SequenceNode(plain_tag, elements, *marks)

    def _pairs(self, node: yaml.MappingNode, keys: KeyPath) -> list[tuple[yaml.Node, yaml.Node]]:
        if id(node) not in self.flat:  # an alias brings the same node again: its complaints were made
            self.flat.add(id(node))
            self._duplicates(node, keys)
            self.loader.flatten_mapping(node)
        pairs: list[tuple[yaml.Node, yaml.Node]] = []
        for key, value in node.value:
            if name := self._key(key, keys):
                pairs.append((name, self.clean(value, (*keys, name.value))))
        return pairs

    def _duplicates(self, node: yaml.MappingNode, keys: KeyPath) -> None:
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                where = position(first[key.value].start_mark)
                seen = f"it again (the first one is at {where.line}:{where.column})"
                self._complain(key, (*keys, key.value), "each key once", seen)
            first.setdefault(key.value, key)

    def _key(self, key: yaml.Node, keys: KeyPath) -> yaml.ScalarNode | None:
        if isinstance(key, yaml.ScalarNode):
            if key.tag != _TEXT:
                seen = describe(yaml.ScalarNode(_readable(key), key.value, key.start_mark, key.end_mark))
                self._complain(key, (*keys, key.value), "text as a key", seen, f'"{key.value}"')
            return yaml.ScalarNode(_TEXT, key.value, key.start_mark, key.end_mark)
        if isinstance(key, yaml.MappingNode):  # `{{ name }}` without quotes is a mapping as the key of a mapping
            expected = 'text; a template needs quotes around it, as in "{{ release.image }}"'
            self._complain(key, keys, expected, "braces without quotes")
        else:
            self._complain(key, keys, "text as a key", describe(key))
        return None

    def _scalar(self, node: yaml.ScalarNode, keys: KeyPath, own_tag: str) -> yaml.ScalarNode:
        tag = node.tag if node.tag != _YAML + "value" and node.tag != _YAML + "merge" else _TEXT
        text = node.value
        if own_tag not in ("", _TEXT):
            self._tag(node, keys, own_tag)
            tag = _TEXT
        elif wrong := _misread(node, tag):
            self._complain(node, keys, *wrong)
            tag = _TEXT
        if "\0" in text or not _encodes(text):
            self._complain(node, keys, "text without NUL and half characters", repr(shortened(text)))
            text = "?"
        return yaml.ScalarNode(tag, text, node.start_mark, node.end_mark, style=node.style)

    def _tag(self, node: yaml.Node, keys: KeyPath, tag: str) -> None:
        self._complain(node, keys, "plain YAML without tags", f"the tag {tag.replace(_YAML, '!!')}")

    def _complain(self, node: yaml.Node, keys: KeyPath, expected: str, seen: str, suggestion: str = "") -> None:
        self.complaints.append(Complaint(position(node.start_mark), dotted(keys), expected, seen, suggestion))


def _readable(key: yaml.ScalarNode) -> str:
    """The tag under which a key can be described: its own, or that of text."""
    unreadable = key.tag == _YAML + "int" and _misread_integer(key.value, "") is not None
    return key.tag if key.tag in _DESCRIBABLE and not unreadable else _TEXT


def _misread(node: yaml.ScalarNode, tag: str) -> tuple[str, str, str] | None:
    """Expected, seen and suggestion, where YAML 1.1 makes something of a scalar that its writer hardly meant."""
    text = node.value
    in_quotes = f'"{text}"'
    if tag == _YAML + "timestamp":
        return "text in quotes", f"{text}, which YAML reads as a date", in_quotes
    if tag == _YAML + "bool" and text.lower() not in _TRUTH:
        value = str(yaml.SafeLoader.bool_values[text.lower()]).lower()
        return "true, false or text in quotes", f"{text}, which YAML reads as {value}", in_quotes
    if tag == _YAML + "int":
        return _misread_integer(text, in_quotes)
    return None


def _misread_integer(text: str, in_quotes: str) -> tuple[str, str, str] | None:
    try:
        value = yaml.SafeLoader("").construct_yaml_int(yaml.ScalarNode(_YAML + "int", text))
    except ValueError:
        return "a number that can be read, or text in quotes", shortened(text), ""
    if abs(value) > _LARGEST:
        return "a number below 2^63, or text in quotes", shortened(text), ""
    if _LEADING_ZERO.fullmatch(text):
        seen = f"{text}, which YAML reads as the number {value}"
        return "a number without leading zeros, or text in quotes", seen, in_quotes
    return None


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refused(path: Path, expected: str, seen: str, suggestion: str = "") -> ScenarioProblem:
    return ScenarioProblem([Complaint(Position(str(path), 1, 1), "", expected, seen, suggestion)])


def _names_beside(path: Path) -> list[str]:
    folder = path.parent
    return sorted(each.name for each in folder.iterdir() if each.suffix in _SUFFIXES) if folder.is_dir() else []


def _decoded(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        before = problem.object[: problem.start].decode("utf-8", errors="replace")
        seen = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else f"the byte 0x{content[problem.start]:02x}"
        line, column = _line_and_column(before, len(before))
        raise ScenarioProblem([Complaint(Position(str(path), line, column), "", "UTF-8 text", seen)]) from problem


def _line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def _unprintable(text: str, name: str, line: int, column: int, problem: yaml.reader.ReaderError) -> ScenarioProblem:
    below, beside = _line_and_column(text, problem.position)
    where = Position(name, line + below, beside + (column if below == 1 else 0))
    character = problem.character
    code = character if isinstance(character, int) else ord(str(character)[0])
    seen = "the character NUL" if code == 0 else f"the character U+{code:04X}"
    return ScenarioProblem([Complaint(where, "", "printable text", seen)])


def _syntax(text: str, name: str, problem: yaml.MarkedYAMLError) -> Complaint:
    mark = problem.problem_mark or problem.context_mark
    where = position(mark) if mark else Position(name, 1, 1)
    said = problem.problem or str(problem)
    if said.startswith(("at most", "no alias")):
        return Complaint(where, "", said)
    lines = text.splitlines()
    row = where.line - 1
    indent = re.match(r"\s*", lines[row]) if name != OVERRIDE and row < len(lines) else None
    if indent and "\t" in indent[0]:
        return Complaint(where, "", "spaces for indentation", "a tab")
    if "single document" in f"{problem.context}":
        return Complaint(where, "", "one YAML document in a file", "a second one")
    return Complaint(where, "", f"valid YAML; its reader says: {said}{_context(problem)}")


def _context(problem: yaml.MarkedYAMLError) -> str:
    begun = problem.context_mark
    if not problem.context or begun is None:
        return ""
    return f" {problem.context} that begins at line {begun.line + 1}"

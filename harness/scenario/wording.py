"""What validation found, in the words of people who write YAML.

Pydantic names Python types; here is the translation. Where it knows more than its message says (which keys there are,
which plug-in was meant), the JSON Schema is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import yaml
from pydantic_core import ErrorDetails

from harness.errors import Complaint
from harness.scenario.schema import Language
from harness.scenario.suggest import near
from harness.scenario.tree import (
    ImpliedMapping,
    KeyPath,
    at,
    child,
    complain,
    describe,
    dotted,
    pair,
    parse_keys,
    position,
    quoted,
    scalars,
)

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a smaller number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "mapping_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "too_short": "a list or mapping with at least {min_length}",
    "too_long": "a list or mapping with at most {max_length}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
    "greater_than": "a number greater than {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than": "a number less than {lt:g}",
    "less_than_equal": "a number of at most {le:g}",
    "not_a_choice": "{expected}",
}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9._-]{0,62}$": "lower-case letters, digits, `.`, `_` and `-`, at most 63, a letter or digit first",
    "^/": "a path that begins with /",
}
_KEY_AT_START = re.compile(r"^`([^`]+)`")
_KEY_ITSELF = "[key]"
_MANY = 12


def complaints_of(root: yaml.Node, language: Language, errors: Iterable[ErrorDetails]) -> list[Complaint]:
    """One complaint for each key that validation refuses."""
    found: dict[str, Complaint] = {}
    for error in errors:
        complaint = _Error(root, language, error).complaint()
        known = found.get(complaint.key)
        if known is None:
            found[complaint.key] = complaint
        elif complaint.expected not in known.expected:  # the branches of a choice between types complain one by one
            expected = f"{known.expected} or {complaint.expected}"
            found[complaint.key] = Complaint(
                known.where, known.key, expected, known.seen, known.suggestion or complaint.suggestion
            )
    return list(found.values())


def misread_truth(root: yaml.Node, language: Language) -> list[Complaint]:
    """True and false in place of a number; pydantic would take them for 1 and 0."""
    return [
        complain(root, keys, "a number")
        for keys, node in scalars(root)
        if node.tag.endswith(":bool") and language.only_number(keys)
    ]


class _Error:
    """One error of pydantic's at its place in the tree."""

    def __init__(self, root: yaml.Node, language: Language, error: ErrorDetails) -> None:
        self.root, self.language = root, language
        self.kind, self.context = error["type"], error.get("ctx", {})
        self.message = error["msg"]
        location = error["loc"]
        self.about_key = bool(location) and location[-1] == _KEY_ITSELF
        self.keys = _in_tree(root, location[:-1] if self.about_key or self.kind == "missing" else location)
        self.last = str(location[-1]) if location else ""

    def complaint(self) -> Complaint:
        special = {
            "missing": self._missing,
            "extra_forbidden": self._unknown_key,
            "literal_error": self._literal,
            "value_error": self._own_words,
            "not_a_choice": self._choice,
        }
        if self.about_key:
            return self._key()
        return special[self.kind]() if self.kind in special else self._simple()

    @property
    def node(self) -> yaml.Node | None:
        return at(self.root, self.keys)

    def _simple(self) -> Complaint:
        suggestion = quoted(self.node) if self.kind == "string_type" else ""
        return complain(self.root, self.keys, self._expected(), suggestion=suggestion)

    def _expected(self) -> str:
        if self.kind == "string_pattern_mismatch":
            pattern = str(self.context.get("pattern"))
            return _PATTERNS.get(pattern, f"text like {pattern}")
        if self.kind in _EXPECTED:
            return _EXPECTED[self.kind].format(**self.context)
        return self.message.removeprefix("Input should be ").removeprefix("Value error, ")

    def _missing(self) -> Complaint:
        node = self.node
        if isinstance(node, ImpliedMapping):
            return self._unknown_override()
        keys = (*self.keys, self.last)
        meaning = self.language.keys_at(self.keys).get(self.last, "")
        written = [key.value for key, _ in node.value] if isinstance(node, yaml.MappingNode) else []
        seen = f"only {', '.join(written[:_MANY])}" if written else "an empty mapping"
        return complain(self.root, keys, f"this key{f' ({meaning})' if meaning else ''}", seen=seen)

    def _unknown_override(self) -> Complaint:
        """``--set paths.naiv.bad=v3`` would make a new path, of which everything else is missing."""
        around, name = at(self.root, self.keys[:-1]), str(self.keys[-1])
        others = (
            [key.value for key, _ in around.value if key.value != name] if isinstance(around, yaml.MappingNode) else []
        )
        expected = f"one of {', '.join(others)}" if others else "a key that the scenario has"
        return complain(self.root, self.keys, expected, seen=repr(name), suggestion=near(name, others))

    def _unknown_key(self) -> Complaint:
        around = self.keys[:-1]
        mapping = at(self.root, around)
        known = self.language.keys_at(around)
        free = [key for key in known if mapping is None or child(mapping, key) is None]
        name = str(self.keys[-1]) if self.keys else self.last
        suggestion = near(name, free) or near(name, known)
        expected = f"one of the keys {', '.join(known)}" if known else "no such key"
        found = pair(mapping, name) if mapping is not None else None
        complaint = complain(self.root, self.keys, expected, seen=f"the unknown key {name!r}", suggestion=suggestion)
        where = position(found[0].start_mark) if found else complaint.where
        return Complaint(where, complaint.key, expected, complaint.seen, suggestion)

    def _literal(self) -> Complaint:
        choices = self.language.choices_at(self.keys) or re.findall(r"'([^']*)'", str(self.context.get("expected")))
        node = self.node
        suggestion = near(node.value, choices) if isinstance(node, yaml.ScalarNode) else ""
        expected = ("one of " if len(choices) > 1 else "") + ", ".join(choices)
        return complain(self.root, self.keys, expected, suggestion=suggestion)

    def _choice(self) -> Complaint:
        key, known = str(self.context["key"]), list(self.context["known"])
        keys = (*self.keys, key) if key else self.keys
        node = at(self.root, keys)
        if node is None:
            return complain(self.root, keys, self._expected(), seen="no such key")
        suggestion = near(node.value, known) if isinstance(node, yaml.ScalarNode) else ""
        return complain(self.root, keys, self._expected(), suggestion=suggestion)

    def _key(self) -> Complaint:
        found = pair(at(self.root, self.keys[:-1]) or self.root, str(self.keys[-1])) if self.keys else None
        where = position((found[0] if found else self.root).start_mark)
        return Complaint(
            where, dotted(self.keys), f"as a key {self._expected()}", repr(self.keys[-1] if self.keys else "")
        )

    def _own_words(self) -> Complaint:
        """A validator's message: ``expected, got seen``; a key in backticks at its start is where it belongs."""
        expected, _, seen = str(self.context.get("error", self.message)).partition(", got ")
        keys = self.keys
        if named := _KEY_AT_START.match(expected):
            keys = self._deepest((*keys, *_keys(named[1])))
        node = at(self.root, keys)
        if not seen and isinstance(node, yaml.ScalarNode):
            seen = describe(node)
        return complain(self.root, keys, expected, seen=seen)

    def _deepest(self, keys: KeyPath) -> KeyPath:
        return keys if at(self.root, keys) is not None else self.keys


def _keys(text: str) -> KeyPath:
    try:
        return parse_keys(text)
    except ValueError:
        return ()


def _in_tree(root: yaml.Node, location: Iterable[str | int]) -> KeyPath:
    """A location without the elements that pydantic adds for its own choices between types."""
    keys: list[str | int] = []
    node = root
    for element in location:
        inner = child(node, element)
        if inner is not None:
            keys.append(element)
            node = inner
    return tuple(keys)

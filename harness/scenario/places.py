"""Where a key stands in a scenario's file, for those who point at it afterwards."""

from __future__ import annotations

from pathlib import Path

import yaml

from harness.errors import Position, ScenarioProblem
from harness.scenario.source import compose, read_text
from harness.scenario.tree import KeyPath, child, pair, position


class Places:
    """The positions of one file's keys."""

    def __init__(self, file: Path) -> None:
        """Read ``file``; one that is gone or cannot be read any more has no places."""
        try:
            self._root, _ = compose(read_text(file), str(file))
        except ScenarioProblem:
            self._root = None

    def of(self, keys: KeyPath) -> Position | None:
        """Where the last of ``keys`` is written or, where it is not there, the innermost key around it."""
        if self._root is None:
            return None
        node, place = self._root, self._root
        for key in keys:
            found = _key_and_value(node, key)
            if found is None:
                break
            place, node = found
        return position(place.start_mark)


def _key_and_value(node: yaml.Node, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    if isinstance(key, str):
        return pair(node, key)
    element = child(node, key)
    return None if element is None else (element, element)

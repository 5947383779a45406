"""A scenario file, read and judged. Every complaint is collected; each has its file, line, column and key."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import yaml

from harness.errors import Complaint, Position, ScenarioProblem
from harness.scenario.document import in_order, validated
from harness.scenario.models import Scenario
from harness.scenario.overrides import overridden
from harness.scenario.placeholders import wrong_placeholders
from harness.scenario.references import folder_of, mapping_at, wrong_references
from harness.scenario.schema import json_schema
from harness.scenario.source import compose, read_text
from harness.scenario.tree import describe, plain, position
from harness.spi import KNOWN_SERVICES

_schema = cache(json_schema)


@dataclass(frozen=True)
class Loaded:
    """A valid scenario and where it came from."""

    scenario: Scenario
    file: Path
    workdir: Path
    """Where commands run; absolute, exists."""
    changes: tuple[str, ...] = ()
    """The overrides that made it differ from its file."""
    digest: str = ""
    """SHA-256 of the file, hexadecimal."""

    def with_scenario(self, scenario: Scenario) -> Loaded:
        """The same file with a changed scenario (see ``harness.scenario.mutate``)."""
        return replace(self, scenario=scenario)


def load_scenario(path: Path, overrides: Sequence[str] = (), *, known_findings: Collection[str] = ()) -> Loaded:
    """The scenario in ``path`` with every ``KEY=VALUE`` of ``overrides`` applied.

    Args:
        known_findings: ids of the failure-mode catalogue; empty: ids of findings are not judged.

    Raises:
        ScenarioProblem: with every complaint, those of the file first, in the order of the file.
    """
    root, repaired = compose(read_text(path), str(path))
    if root is None:
        raise ScenarioProblem([Complaint(Position(str(path), 1, 1), "", "a scenario", "an empty file")])
    if not isinstance(root, yaml.MappingNode):
        expected = "a mapping (`drill: 1`, `name: …`)"
        raise ScenarioProblem([Complaint(position(root.start_mark), "", expected, describe(root))])
    root, unusable = overridden(root, overrides)
    data = plain(root) if isinstance(root, yaml.MappingNode) else {}
    context = {KNOWN_SERVICES: tuple(mapping_at(data, "stack", "services"))}
    scenario, refused = validated(Scenario, root, data, _schema, context)
    elsewhere = [*wrong_references(root, data, path, known_findings), *wrong_placeholders(root, data)]
    complaints = in_order([*repaired, *unusable, *elsewhere, *refused])
    if complaints or scenario is None:
        raise ScenarioProblem(complaints)
    return Loaded(scenario, path, folder_of(data, path), tuple(overrides), sha256(path.read_bytes()).hexdigest())

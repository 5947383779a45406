"""A scenario file, read and judged. Every complaint is collected; each has its file, line, column and key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.errors import Complaint, Position, ScenarioProblem
from harness.scenario.models import Scenario
from harness.scenario.overrides import overridden
from harness.scenario.placeholders import wrong_placeholders
from harness.scenario.references import folder_of, mapping_at, wrong_references
from harness.scenario.schema import Language
from harness.scenario.source import compose, read_text
from harness.scenario.tree import OVERRIDE, describe, plain, position
from harness.scenario.wording import complaints_of, misread_truth
from harness.spi import KNOWN_SERVICES


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
    scenario, refused = _validated(root, data)
    elsewhere = [*wrong_references(root, data, path, known_findings), *wrong_placeholders(root, data)]
    complaints = _distinct([*repaired, *unusable, *elsewhere, *refused])
    if complaints or scenario is None:
        raise ScenarioProblem(sorted(complaints, key=_order))
    return Loaded(scenario, path, folder_of(data, path), tuple(overrides), sha256(path.read_bytes()).hexdigest())


def _validated(root: yaml.Node, data: dict[str, Any]) -> tuple[Scenario | None, list[Complaint]]:
    context = {KNOWN_SERVICES: tuple(mapping_at(data, "stack", "services"))}
    try:
        scenario, errors = Scenario.model_validate(data, context=context), []
    except ValidationError as problem:
        scenario, errors = None, problem.errors(include_url=False)
    if scenario is not None and not _has_truth(data):
        return scenario, []
    language = Language(data)
    return scenario, [*misread_truth(root, language), *complaints_of(root, language, errors)]


def _has_truth(data: Any) -> bool:
    """Whether true or false stands anywhere; the schema is made only where it has something to answer."""
    inner: Iterable[Any] = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return isinstance(data, bool) or any(_has_truth(each) for each in inner)


def _distinct(complaints: Sequence[Complaint]) -> list[Complaint]:
    """The first complaint of each key: what was wrong with a value in YAML explains what is wrong with it here."""
    by_key: dict[tuple[str, str], Complaint] = {}
    for each in complaints:
        by_key.setdefault((each.key, "" if each.key else str(each)), each)
    return list(by_key.values())


def _order(complaint: Complaint) -> tuple[bool, int, int, str]:
    where = complaint.where
    return where.file == OVERRIDE, where.line, where.column, complaint.key

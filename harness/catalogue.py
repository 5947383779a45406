"""The failure-mode catalogue: ways in which rollbacks fail, and how the evidence of one is recognised.

YAML, found by entry point group ``drill.failure_modes``; the value is a file, a folder of ``*.yaml``, or a function
that gives either. A team adds modes of its own beside the shipped ones; an id belongs to one mode only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, model_validator

from harness.errors import EnvironmentProblem
from harness.model import CheckResult, Frozen, Outcome, ResidueClass, ResidueRow
from harness.plugins import CATALOGUES, registered

UNCLASSIFIED = "unclassified"
"""Mode of a finding that no signature recognises."""
_PLACEHOLDER = re.compile(r"\{(\w+)\|([^{}]*)\}")


def _regex(text: str) -> str:
    try:
        re.compile(text)
    except re.error as problem:
        raise ValueError(f"a regular expression: {problem}") from problem
    return text


Regex = Annotated[str, AfterValidator(_regex)]


class ResiduePattern(Frozen):
    """Matches a residue row; every given part has to match."""

    layer: Regex = Field(default="", description="searched in the row's layer")
    key: Regex = Field(default="", description="searched in the row's key")
    residue_class: ResidueClass | None = Field(default=None, alias="class")

    def groups(self, rows: Sequence[ResidueRow]) -> Mapping[str, str] | None:
        """Named groups of the first row that matches; None where no row does."""
        for row in rows:
            if self.residue_class not in (None, row.residue_class):
                continue
            layer, key = re.search(self.layer, row.layer), re.search(self.key, row.key)
            if layer and key:
                return {**_named(layer), **_named(key)}
        return None


class Signature(Frozen):
    """How evidence shows a mode; every given part has to match."""

    check: Regex | None = Field(default=None, description="searched in the name of the check that failed")
    evidence: Regex | None = Field(default=None, description="searched in what the check saw and in its evidence")
    residue: ResiduePattern | None = Field(default=None, description="at least one residue row is like this")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.parts():
            raise ValueError("at least one of `check`, `evidence` and `residue`")
        return self

    def parts(self) -> int:
        """How specific the signature is: the number of its parts."""
        return sum(part is not None for part in (self.check, self.evidence, self.residue))

    def groups(self, result: CheckResult, residue: Sequence[ResidueRow]) -> Mapping[str, str] | None:
        """Named groups of the match; None where a part does not match."""
        found: dict[str, str] = {}
        evidence = "\n".join((result.seen, *result.evidence))
        for pattern, text in ((self.check, result.name), (self.evidence, evidence)):
            if pattern is None:
                continue
            match = re.search(pattern, text)
            if match is None:
                return None
            found |= _named(match)
        rows = {} if self.residue is None else self.residue.groups(residue)
        return None if rows is None else {**rows, **found}


class Mode(Frozen):
    """One way in which a rollback fails.

    Texts may say ``{column|a column}``: the named group of the signature that matched, or what stands behind the bar.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,31}$")
    title: str
    why: str
    prevent: str
    check: str = Field(description="what would have shown it before or during the drill")
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    reported: bool = Field(description="a source reports a rollback that failed so; else it proves the mechanism")
    star: bool = Field(default=False, description="among the most frequent or most damaging")
    signatures: tuple[Signature, ...] = ()

    def filled(self, groups: Mapping[str, str] | None = None) -> Mode:
        """This mode with its texts filled from ``groups``."""

        def fill(text: str) -> str:
            return _PLACEHOLDER.sub(lambda place: (groups or {}).get(place[1]) or place[2], text)

        return self.model_copy(update={"title": fill(self.title), "why": fill(self.why), "prevent": fill(self.prevent)})


Catalogue = Mapping[str, Mode]
"""Modes by id, in the order in which they were read."""
_ADAPTER: TypeAdapter[list[Mode]] = TypeAdapter(list[Mode])


def load_catalogue() -> Catalogue:
    """Every registered mode.

    Raises:
        EnvironmentProblem: a file cannot be read, is no catalogue, or two modes have one id.
    """
    return read_catalogue(_place(value) for value in registered(CATALOGUES).values())


def read_catalogue(places: Iterable[Path]) -> Catalogue:
    """The modes in ``places``, files or folders. Raises EnvironmentProblem as ``load_catalogue``."""
    modes: dict[str, Mode] = {}
    for file in _files(places):
        for mode in _read(file):
            if mode.id in modes:
                raise _problem(file, f"expected a new id, {mode.id!r} is already {modes[mode.id].title!r}")
            modes[mode.id] = mode
    return modes


def classify(catalogue: Catalogue, check_result: CheckResult, residue: Sequence[ResidueRow]) -> Mode | None:
    """The mode that the evidence shows, its texts filled from the evidence; None where no signature matches.

    The most specific signature wins; among equals the first in catalogue order. A guess is never made: what is not
    recognised is the caller's to call ``UNCLASSIFIED``.
    """
    best: tuple[int, Mode, Mapping[str, str]] | None = None
    for mode in catalogue.values():
        for signature in mode.signatures:
            groups = signature.groups(check_result, residue)
            if groups is not None and (best is None or signature.parts() > best[0]):
                best = (signature.parts(), mode, groups)
    return best[1].filled(best[2]) if best else None


def told_apart(
    catalogue: Catalogue, broken: Sequence[CheckResult], residue: Sequence[ResidueRow]
) -> Iterator[tuple[CheckResult, Mode | None]]:
    """What is worth a finding of all that broke in one attempt, in order: the same mode is said once.

    A step comes before what users see afterwards. Where it stopped the attempt in a known way, users go on having the
    outage that there was: that is no second finding, unless its own evidence shows another mode.
    """
    said: set[str] = set()
    for result in broken:
        mode = classify(catalogue, result, residue)
        known = mode.id in said if mode else bool(said - {UNCLASSIFIED})
        if result.outcome is Outcome.FAIL and not known:
            said.add(mode.id if mode else UNCLASSIFIED)
            yield result, mode


def _named(match: re.Match[str]) -> dict[str, str]:
    return {name: text for name, text in match.groupdict().items() if text}


def _place(value: Path | str | Callable[[], Path | str]) -> Path:
    return Path(value() if callable(value) else value)


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        if place.is_dir():
            yield from sorted(place.glob("*.yaml"))
        else:
            yield place


def _read(file: Path) -> list[Mode]:
    try:
        parsed: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
        return _ADAPTER.validate_python(parsed)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as problem:
        raise _problem(file, f"expected a list of failure modes: {problem}") from problem


def _problem(file: Path, message: str) -> EnvironmentProblem:
    return EnvironmentProblem(f"{file}: {message}", next_step="repair the file or uninstall its plug-in")

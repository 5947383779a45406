"""A first scenario from what is in a repository: finders look, the caller chooses, one file is written.

What a repository can hold is known by finders, registered under ``drill.finders`` by whoever ships the platform; this
package knows none of them. A finder reads files and starts nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.plugins import FINDERS, registered

_SKIPPED = {"node_modules", "vendor", "dist", "build", "target", "__pycache__", "reports", "venv", "site-packages"}
_DEEPEST = 5
"""Levels of folders that are looked into."""
_MOST = 20_000
"""Files that are looked at; a repository with more is not read to its end."""


@dataclass(frozen=True)
class Draft:
    """What a finder can say of a scenario: mappings in the scenario language, and what it leaves to the reader."""

    platform: str
    """Name of the platform, as the reader chooses it."""
    stack: Mapping[str, Any]
    good: Mapping[str, Any]
    bad: Mapping[str, Any]
    """Entries of ``releases.catalogue``."""
    deploy: Sequence[Mapping[str, Any]]
    rollback: Sequence[Mapping[str, Any]]
    path: str = "/"
    """A path that users read: what the repository's own health check asks, or the root."""
    todo: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Section of the scenario → sentences for the reader."""


@dataclass(frozen=True)
class Found:
    """One thing that a finder knows, with the files that say so."""

    what: str
    files: Sequence[str]
    says: str = ""
    draft: Draft | None = None
    hint: str = ""
    """What the reader might add to the scenario because of it."""

    def lines(self) -> Sequence[str]:
        """What a reader is told, each on one line whatever the files hold."""
        what = f"{self.what}: {', '.join(self.files[:3])}" + (f" ({self.says})" if self.says else "")
        told = [what, *([f"  → {self.hint}"] if self.hint else [])]
        return [re.sub(r"\s*[\x00-\x1f\x7f\x85\u2028\u2029]+\s*", " ", each) for each in told]


@dataclass(frozen=True)
class Repository:
    """The files of a folder, without what tools have put there."""

    folder: Path

    @cached_property
    def files(self) -> Sequence[str]:
        """Paths of all files relative to ``folder``, by name, those near the top first."""
        found = []
        for path in _walk(self.folder, 0):
            found.append(path.relative_to(self.folder).as_posix())
            if len(found) == _MOST:
                break
        return sorted(found, key=lambda each: (each.count("/"), each))

    def matching(self, *patterns: str) -> Sequence[str]:
        """Files whose path matches one of ``patterns`` (`Path.match`: from the right)."""
        return [each for each in self.files if any(Path(each).match(pattern) for pattern in patterns)]

    def text(self, file: str) -> str:
        """Content of a file; empty where it is not readable text."""
        try:
            return (self.folder / file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return ""


Finder = Callable[[Repository], Sequence[Found]]
"""What is registered under ``drill.finders``."""


def look(folder: Path) -> Sequence[Found]:
    """Everything that the registered finders know about ``folder``; those that can write a scenario first."""
    repository = Repository(folder)
    finders: Mapping[str, Finder] = registered(FINDERS)
    found = [each for finder in finders.values() for each in finder(repository)]
    return sorted(found, key=lambda each: each.draft is None)


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink():
            continue
        if entry.is_file():
            yield entry
        elif entry.is_dir() and depth < _DEEPEST and _of_the_team(entry.name):
            yield from _walk(entry, depth + 1)


def _of_the_team(name: str) -> bool:
    return name not in _SKIPPED and (not name.startswith(".") or name == ".github")

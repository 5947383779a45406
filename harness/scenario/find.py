"""Scenario files by name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageProblem
from harness.scenario.suggest import near

SUFFIX = ".yaml"


def all_scenarios(folders: Sequence[Path]) -> tuple[Path, ...]:
    """Every scenario file of ``folders``, by name; of two with one name the one in the earlier folder."""
    found: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*{SUFFIX}")):
            found.setdefault(file.stem, file)
    return tuple(found[name] for name in sorted(found))


def find_scenario(name_or_path: str, folders: Sequence[Path]) -> Path:
    """The file of a scenario: a path is taken as it is, a bare name is looked up in ``folders``.

    A path need not exist; ``load_scenario`` complains about it, with its position.

    Raises:
        UsageProblem: no folder has a scenario with this name; says the nearest one and where it looked.
    """
    if "/" in name_or_path or name_or_path.endswith((SUFFIX, ".yml")):
        return Path(name_or_path)
    known = {file.stem: file for file in all_scenarios(folders)}
    if name_or_path in known:
        return known[name_or_path]
    guess = near(name_or_path, known)
    hint = f" (did you mean {guess!r}?)" if guess else ""
    where = " or ".join(str(folder) for folder in folders)
    raise UsageProblem(f"no scenario {name_or_path!r} in {where}{hint}", next_step="`drill list` lists the scenarios")

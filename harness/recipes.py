"""Image recipes: folders that say how an image comes to be, and the tag that follows from their content.

A recipe is a folder with ``recipe.yaml`` (see `Recipe`) and either a ``Dockerfile`` that starts with
``ARG BASE`` / ``FROM ${BASE}``, or an executable ``build.sh`` that writes a root tarball to stdout (``script``)
or works in a container of the base, which is then committed (``container``).
A name with a slash is a folder of its own, relative to the first place that has it; a Dockerfile is enough there.
Files that its ``.dockerignore`` names are neither sent to the builder nor part of the tag.
No engine is needed for anything in this module.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Self

import yaml
from docker.utils.build import create_archive, exclude_paths
from pydantic import Field, ValidationError, model_validator

from harness.errors import UsageProblem
from harness.model import Frozen

RECIPE_FILE = "recipe.yaml"
HOST_CA_NAME = "host-ca.crt"
HOST_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
"""Debian's and Ubuntu's bundle, with what the administrator added to it."""

_NEVER = ["**/__pycache__", "**/*.pyc"]


class Recipe(Frozen):
    """What ``recipe.yaml`` may say."""

    build: Literal["dockerfile", "script", "container"]
    pull: tuple[str, ...] = ()
    """Published images that keep the same contract; tried in this order before anything is built."""
    base: str | None = None
    """Name of the recipe whose image the Dockerfile receives as ``ARG BASE``, or in which ``build.sh`` runs."""
    timeout: float = Field(default=900.0, gt=0)
    """Seconds the build may take, and the longest that a second process waits for the first."""
    args: dict[str, str] = {}
    """Build arguments with their defaults; an argument that is not listed here is refused."""
    changes: tuple[str, ...] = ()
    """Dockerfile lines such as ``CMD ["bash"]`` for an imported root or a committed container."""

    @model_validator(mode="after")
    def _has_base(self) -> Self:
        if self.build == "container" and not self.base:
            raise ValueError("`build: container` needs a `base` to run in")
        return self


@dataclass(frozen=True)
class Located:
    """A recipe, where it was found and the arguments it is to be built with."""

    name: str
    folder: Path
    recipe: Recipe
    args: Mapping[str, str]


def locate(name: str, args: Mapping[str, str], folders: Sequence[Path]) -> Located:
    """The recipe ``name`` from the first of ``folders`` that has one, with ``args`` over its defaults.

    A ``name`` with a slash is a folder below one of ``folders``: a recipe, or a Dockerfile that takes any ``args``.

    Raises:
        UsageProblem: no folder has it, its ``recipe.yaml`` is invalid, or it has no such argument.
    """
    wanted = (RECIPE_FILE, "Dockerfile") if "/" in name else (RECIPE_FILE,)
    places = [path / name for path in folders]
    folder = next((path for path in places if any((path / file).is_file() for file in wanted)), None)
    if folder is None and "/" in name:
        raise UsageProblem(
            f"image: expected a folder with a Dockerfile, found none in {places[0] if places else name}",
            next_step="`build:` is relative to the scenario's `workdir`",
        )
    if folder is None:
        known = sorted({file.parent.name for path in folders for file in path.glob(f"*/{RECIPE_FILE}")})
        raise UsageProblem(
            f"image {name!r}: expected a recipe in {', '.join(map(str, folders))}, found none",
            next_step=f"recipes there are: {', '.join(known) or 'none'}",
        )
    folder = folder.resolve()
    if not (folder / RECIPE_FILE).is_file():
        return Located(_tag_name(folder.name), folder, Recipe(build="dockerfile"), args)
    recipe = _load(folder / RECIPE_FILE)
    if unknown := sorted(set(args) - set(recipe.args)):
        raise UsageProblem(
            f"image {name!r}: no build argument {', '.join(unknown)}",
            next_step=f"{folder / RECIPE_FILE} declares: {', '.join(sorted(recipe.args)) or 'none'}",
        )
    return Located(_tag_name(folder.name), folder, recipe, {**recipe.args, **args})


def _tag_name(folder: str) -> str:
    """A name that image references allow (distribution/reference: lower case, digits and separators)."""
    return re.sub(r"[^a-z0-9._-]+", "-", folder.lower()).strip("-._") or "image"


def _load(file: Path) -> Recipe:
    try:
        recipe = Recipe.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        raise UsageProblem(f"{file}: not a recipe: {error}", next_step="harness/recipes.py lists the keys") from error
    script = "Dockerfile" if recipe.build == "dockerfile" else "build.sh"
    if not (file.parent / script).is_file():
        raise UsageProblem(f"{file}: `build: {recipe.build}` expects a {script} beside it, found none")
    return recipe


def files_of(folder: Path) -> list[str]:
    """Paths of the recipe's files relative to ``folder``, sorted, without what ``.dockerignore`` names."""
    ignore = folder / ".dockerignore"
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    paths = exclude_paths(str(folder), [*patterns, *_NEVER])
    return sorted(path for path in paths if (folder / path).is_file())


def tag_of(name: str, args: Mapping[str, str], folders: Sequence[Path]) -> str:
    """``localhost/drill/<name>:<hash12>``: the same files, arguments and base always give the same tag.

    The prefix names a registry that nobody can publish to: an emulator that refreshes images finds nothing to pull.

    Raises:
        UsageProblem: as `locate`, and where recipes are each other's base.
    """
    return _tag(name, args, folders, ())


def _tag(name: str, args: Mapping[str, str], folders: Sequence[Path], above: tuple[str, ...]) -> str:
    if name in above:
        raise UsageProblem(f"image recipes are each other's base: {' → '.join((*above, name))}")
    found = locate(name, args, folders)
    digest = hashlib.sha256()
    for path in files_of(found.folder):
        file = found.folder / path
        # The execute bit is the only part of a mode that git keeps.
        _feed(digest, "file", path, "x" if file.stat().st_mode & 0o100 else "-", file.read_bytes())
    for key, value in sorted(found.args.items()):
        _feed(digest, "arg", key, value)
    if found.recipe.base:
        _feed(digest, "base", _tag(found.recipe.base, {}, folders, (*above, name)))
    return f"localhost/drill/{found.name}:{digest.hexdigest()[:12]}"


def _feed(digest: hashlib._Hash, *parts: str | bytes) -> None:
    """Adds length-prefixed parts, so that no two different lists of parts read the same."""
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(f"{len(data)}:".encode() + data)


def build_context(folder: Path, target: IO[bytes], host_ca: Path = HOST_CA_BUNDLE) -> None:
    """Writes the recipe's files and the host's CA bundle as a tar into ``target``.

    A host behind a proxy of its own trusts a CA that no image knows: ``host-ca.crt`` lets a
    Dockerfile reach its package index all the same. It is not part of the tag, and empty where
    the host has no bundle; a Dockerfile must not leave it in the image.
    """
    bundle = host_ca.read_text(encoding="utf-8") if host_ca.is_file() else ""
    create_archive(str(folder), files_of(folder), fileobj=target, extra_files=[(HOST_CA_NAME, bundle)])

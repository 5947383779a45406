"""A copy of a team's repository that a run may do anything with."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from harness.errors import EnvironmentProblem

_IDENTITY = ("-c", "user.name=drill", "-c", "user.email=drill@localhost", "-c", "commit.gpgsign=false")
BRANCH = "main"


def copy_repository(source: Path, target: Path, name: str, change: Mapping[str, str], env: Mapping[str, str]) -> None:
    """Copy what git would take of the folder ``source`` to ``target``, as a repository of one commit.

    One commit is what a check-out has by default on GitHub too. Files that git ignores stay behind; where ``source`` is
    in no work tree, all of it is taken but ``.git``.

    Args:
        name: ``owner/name`` that the copy claims as its origin.
        change: text of files that are not as in ``source``, by their path below it.
        env: environment of git.

    Raises:
        EnvironmentProblem: git cannot make it.
    """
    target.mkdir(parents=True)
    for file in _files(source, env):
        there = target / file
        there.parent.mkdir(parents=True, exist_ok=True)
        if (source / file).is_dir() and not (source / file).is_symlink():  # a submodule
            shutil.copytree(source / file, there, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        else:
            shutil.copy2(source / file, there, follow_symlinks=False)
    for path, text in change.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text, encoding="utf-8")
    for words in (
        ("init", "--quiet", "--initial-branch", BRANCH),
        ("remote", "add", "origin", f"https://github.com/{name}.git"),
        ("add", "--all", "--force"),
        (*_IDENTITY, "commit", "--quiet", "--no-verify", "--allow-empty", "--message", "as it is drilled"),
    ):
        done = _git(words, target, env)
        if done.returncode:
            raise EnvironmentProblem(f"git {words[-1]} in a copy of {source}: {done.stderr.decode().strip()}")


def _files(source: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """Paths below ``source``, relative to it."""
    listed = _git(("ls-files", "-z", "--cached", "--others", "--exclude-standard"), source, env)
    if listed.returncode == 0:
        names = (Path(each.decode("utf-8", "surrogateescape")) for each in listed.stdout.split(b"\0") if each)
        found = [each for each in dict.fromkeys(names) if (source / each).is_symlink() or (source / each).exists()]
    else:
        every = (each.relative_to(source) for each in source.rglob("*") if each.is_symlink() or not each.is_dir())
        found = [each for each in every if ".git" not in each.parts]
    yield from found


def _git(words: tuple[str, ...], folder: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    settled = {**env, "GIT_CONFIG_NOSYSTEM": "1"}
    return subprocess.run(
        ["git", *words], cwd=folder, env=settled, capture_output=True, check=False, stdin=subprocess.DEVNULL
    )

"""Making and removing what drills share. A keeper is a function ``(run) -> one line about what it made``."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from harness.containers import Containers
from harness.errors import EnvironmentProblem, UsageProblem
from harness.images import Images
from harness.kept import Kept, kept_folder, kept_stacks, nobody_else
from harness.ledger import KEPT, Ledger, RunLock, Undo
from harness.plugins import KEEPERS, registered
from harness.reap import reap_run, start_watchdog
from harness.redact import Redactor
from harness.runner.session import recipe_folders
from harness.spi import Run
from harness.tap import Taps
from harness.timeline import Timeline
from harness.undo import undo_all

Keeper = Callable[[Run], str]
"""Makes the stack; every resource is planned in ``run.ledger`` first, and ``run.folder`` says how to reach it."""


def keep(name: str, progress: Callable[[str], None]) -> Kept:
    """Make stack ``name`` and keep it; the one that is kept already, if it is.

    Raises:
        UsageProblem: nobody knows how to make it.
        EnvironmentProblem: it cannot be made here; nothing of it stays.
    """
    keepers: Mapping[str, Keeper] = registered(KEEPERS)
    if name not in keepers:
        raise UsageProblem(f"no stack {name!r} can be kept", next_step=f"there are: {', '.join(keepers) or 'none'}")
    with _alone(name):
        kept = next((each for each in kept_stacks() if each.name == name), None)
        return kept or _made(name, keepers[name], progress)


def _made(name: str, make: Keeper, progress: Callable[[str], None]) -> Kept:
    folder = kept_folder(name)
    _removed(folder)  # what a process left that died while it was making the stack
    folder.mkdir()
    lock, ledger = RunLock(folder), Ledger(folder)
    start_watchdog(folder)
    began = time.monotonic()
    try:
        value = make(_run(f"kept-{name}-{secrets.token_hex(2)}", folder, ledger, began, progress))
        kept = Kept(name=name, value=value, made=datetime.now(UTC).isoformat(), took=time.monotonic() - began)
        _write(folder / KEPT, kept)
    except BaseException:
        undo_all(ledger, lambda entry, reason: progress(f"could not remove {entry.undo.what}: {reason}"))
        raise
    finally:
        lock.release()
    return kept


def drop(name: str) -> tuple[str, ...]:
    """Remove kept stack ``name``; returns what was removed.

    Raises:
        UsageProblem: it is not kept.
        EnvironmentProblem: a drill uses it, or something cannot be removed.
    """
    folder = kept_folder(name)
    with _alone(name):
        if not folder.exists():
            known = ", ".join(each.name for each in kept_stacks()) or "none"
            raise UsageProblem(f"no stack {name!r} is kept", next_step=f"kept stacks: {known}")
        if not nobody_else(name):
            raise EnvironmentProblem(
                f"a drill is using kept stack {name!r}", next_step="drop it when the drill has ended"
            )
        (folder / KEPT).unlink(missing_ok=True)
        return _removed(folder)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One process at a time makes or removes stack ``name``."""
    folder = kept_folder(name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        yield


def _removed(folder: Path) -> tuple[str, ...]:
    reaped = reap_run(folder, wait=True)
    if reaped and reaped.left:
        raise EnvironmentProblem(
            f"could not remove {', '.join(reaped.left)}", next_step=f"drill stack drop {folder.name}"
        )
    with suppress(FileNotFoundError):
        shutil.rmtree(folder)
    return reaped.removed if reaped else ()


def _run(identifier: str, folder: Path, ledger: Ledger, began: float, progress: Callable[[str], None]) -> Run:
    scratch = folder / "scratch"
    ledger.plan(Undo(kind="path", what=f"temporary folder {scratch}", params={"path": str(scratch)}))
    scratch.mkdir(mode=0o700)
    ledger.plan(Undo(kind="processes", what=f"processes of {identifier}", params={"run": identifier}))
    containers = Containers(identifier, folder, ledger)

    def building(name: str) -> None:
        ledger.plan(Undo(kind="docker.container", what=f"build container {name}", params={"name": name}))

    images = Images(lambda: containers.client, recipe_folders(), progress=progress, announce=building)
    timeline = Timeline(folder / "made.jsonl", anchor=began)
    return Run(identifier, folder, scratch, timeline, ledger, Redactor(), images, containers, Taps(timeline.write))


def _write(file: Path, kept: Kept) -> None:
    whole = file.with_suffix(".part")
    whole.write_text(kept.model_dump_json(indent=1), encoding="utf-8")
    whole.replace(file)

"""Undoing what the ledger says. Every undoer is idempotent: what is already gone counts as undone."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil
from docker.errors import APIError, NotFound

from harness.containers import engine_client
from harness.errors import DrillError, EnvironmentProblem
from harness.ledger import Entry, Ledger
from harness.limits import wait_until
from harness.plugins import UNDOERS, registered
from harness.process import RUN_MARKER, end_marked

Undoer = Callable[[Mapping[str, str]], None]
"""Removes the resource that ``params`` name; raises when it is still there afterwards."""
_ENDPOINTS = 10.0
"""Seconds that the engine may take to let go of a container that it is starting or removing."""


def undo_all(ledger: Ledger, on_failure: Callable[[Entry, str], None]) -> bool:
    """Undo every open entry, newest first; one that fails never stops the others. True when nothing is left."""
    undoers: Mapping[str, Undoer] = registered(UNDOERS)
    clean = True
    for entry in ledger.open_entries():
        try:
            _undoer(undoers, entry)(entry.undo.params)
        except (DrillError, APIError, OSError, psutil.Error) as problem:
            reason = str(problem)
        else:
            ledger.done(entry)
            continue
        clean = False
        on_failure(entry, reason)
    return clean


def _undoer(undoers: Mapping[str, Undoer], entry: Entry) -> Undoer:
    if entry.undo.kind not in undoers:
        raise EnvironmentProblem(f"no undoer is registered for {entry.undo.kind!r}")
    return undoers[entry.undo.kind]


def remove_container(params: Mapping[str, str]) -> None:
    """Remove container ``name`` with its anonymous volumes."""
    with contextlib.suppress(NotFound):
        _remove(engine_client().containers.get(params["name"]))


def remove_labelled(params: Mapping[str, str]) -> None:
    """Remove every container that carries ``label`` (``key=value``): what an emulator started for the run."""
    for container in engine_client().containers.list(all=True, ignore_removed=True, filters={"label": params["label"]}):
        with contextlib.suppress(NotFound):
            _remove(container)


def remove_network(params: Mapping[str, str]) -> None:
    """Remove network ``name`` and every container that is attached to it, also one that is just being started."""
    client = engine_client()

    def removed() -> bool | None:
        try:
            network = client.networks.get(params["name"])
            for identifier in network.attrs.get("Containers") or {}:
                with contextlib.suppress(NotFound):
                    _remove(client.containers.get(identifier))
            network.remove()
        except NotFound:
            return True
        except APIError as problem:
            if "active endpoints" not in str(problem):
                raise
            return None
        return True

    if removed() is None and wait_until(removed, _ENDPOINTS) is None:
        raise OSError(f"network {params['name']} still has active endpoints")


def remove_path(params: Mapping[str, str]) -> None:
    """Remove the file or folder ``path``."""
    path = Path(params["path"])
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def end_processes(params: Mapping[str, str]) -> None:
    """End every process of run ``run``, known by its environment's marker; the caller and its parents are spared."""
    end_marked(RUN_MARKER, params["run"])


def _remove(container: object) -> None:
    try:
        container.remove(force=True, v=True)  # type: ignore[attr-defined]
    except APIError as problem:
        # 409: the engine is removing it already (the emulator stops its tasks on its own when it ends).
        if problem.status_code != 409:
            raise

"""Log lines of containers, for evidence; for every platform whose instances are containers of the local engine."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterable, Sequence
from typing import Any

from docker.errors import APIError, NotFound

_MOST = 20
_LINE = 600
_SAYS = "log: "


def matching_lines(client: Any, network: str, label: str, containing: str, tail: int = 2000) -> Sequence[str]:
    """Lines with ``containing`` in the logs of all containers on ``network`` that carry ``label``; at most 20."""
    logs = (_log(each, tail) for each in _containers(client, network, label=label))
    return telling(itertools.chain.from_iterable(logs), containing)


def last_words(client: Any, network: str, own: str, family: str) -> str:
    """Why a process has ended: the last line of its container, which has the label ``own``.

    One that has only just been started again has said nothing yet; the newest of its ended predecessors, which have the
    label ``family``, then speaks for it.
    """
    dead = _containers(client, network, label=family, status="exited")
    for container in itertools.chain(_containers(client, network, label=own), dead):
        if said := [line for line in _log(container, tail=20) if line.strip()]:
            return _told(said[-1].strip())
    return ""


def _containers(client: Any, network: str, **filters: str) -> Sequence[Any]:
    """Newest first."""
    wanted = {"network": network, **filters}
    found: Sequence[Any] = client.containers.list(all=True, sparse=True, filters=wanted)  # one call, not one for each
    return found


def _log(container: Any, tail: int) -> Sequence[str]:
    """Its last lines; none where it is gone by now."""
    with contextlib.suppress(NotFound, APIError):
        text: str = container.logs(tail=tail).decode("utf-8", "replace")
        return text.splitlines()
    return []


def telling(lines: Iterable[str], containing: str) -> Sequence[str]:
    """The lines with ``containing`` as evidence: what they say went wrong first; at most 20."""
    told = [_told(line.strip()) for line in lines if containing in line]
    # Access logs have the id too, and say nothing that the request itself did not: errors first.
    return sorted(told, key=lambda line: not line.startswith(_SAYS))[:_MOST]


def _told(line: str) -> str:
    """What a structured log line says went wrong; any other line as it is."""
    with contextlib.suppress(ValueError, TypeError):
        fields = json.loads(line)
        for key in ("error", "exception", "err"):
            if key in fields:
                return f"{_SAYS}{fields[key]}"[:_LINE]
    return line[:_LINE]

"""Log lines of containers, for evidence; for every platform whose instances are containers of the local engine."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from docker.errors import APIError, NotFound

_MOST = 20
_LINE = 600
_SAYS = "log: "


def matching_lines(client: Any, network: str, label: str, containing: str, tail: int = 2000) -> Sequence[str]:
    """Lines with ``containing`` in the logs of all containers on ``network`` that carry ``label``; at most 20."""
    lines: list[str] = []
    filters = {"label": label, "network": network}
    for container in client.containers.list(all=True, ignore_removed=True, filters=filters):
        with contextlib.suppress(NotFound, APIError):
            text = container.logs(tail=tail).decode("utf-8", "replace")
            lines += text.splitlines()
    return telling(lines, containing)


def last_words(client: Any, network: str, label: str) -> str:
    """The last line in the logs of the containers that carry ``label``: why a process that has ended did so."""
    lines = matching_lines(client, network, label, "", tail=1)
    return lines[-1] if lines else ""


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

"""Log lines of containers, for evidence; shared by every platform whose instances are containers of the local engine."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from docker.errors import APIError, NotFound

_MOST = 20
_LINE = 600


def matching_lines(client: Any, network: str, label: str, containing: str) -> Sequence[str]:
    """Lines with ``containing`` in the logs of all containers on ``network`` that carry ``label``; at most 20."""
    lines: list[str] = []
    filters = {"label": label, "network": network}
    for container in client.containers.list(all=True, ignore_removed=True, filters=filters):
        with contextlib.suppress(NotFound, APIError):
            text = container.logs(tail=2000).decode("utf-8", "replace")
            lines += [line.strip()[:_LINE] for line in text.splitlines() if containing in line]
    return lines[:_MOST]

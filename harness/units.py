"""Durations as people write them: ``250ms``, ``5s``, ``2m``, ``1m30s``, ``1h`` or a plain number of seconds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h))+$"
"""What a written duration looks like."""


def parse_duration(value: Any) -> float:
    """Seconds of a written duration.

    Raises:
        ValueError: it is not a duration, or not greater than zero.
    """
    if isinstance(value, str) and re.fullmatch(PATTERN, value):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    else:
        raise ValueError("a duration such as 250ms, 5s, 2m, 1m30s or a number of seconds")
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("a duration greater than zero")
    return seconds


def format_duration(seconds: float) -> str:
    """A duration for a reader: ``340 ms``, ``41.8 s``, ``5 min``, ``2 min 5 s``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120 and seconds % 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def figure(value: float | None, unit: str) -> str:
    """A measured figure for a reader: ``41.8 s``, ``47.6 %``, ``3``; ``unknown`` where there is none."""
    if value is None:
        return "unknown"
    if unit == "s":
        return format_duration(value) if value else "0 s"
    if unit == "ratio":
        return f"{value * 100:.1f} %"
    return f"{value:,.0f}"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "number", "exclusiveMinimum": 0}]}),
]
"""Seconds, greater than zero."""

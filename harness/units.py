"""Durations as people write them: ``250ms``, ``5s``, ``2m``, ``1m30s``, ``1h``, ``7d`` or a plain number of seconds."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h|d))+$"
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
        raise ValueError("a duration such as 250ms, 5s, 2m, 1m30s, 7d or a number of seconds")
    if not math.isfinite(seconds) or seconds <= 0:
        raise ValueError("a duration greater than zero")
    return seconds


def format_duration(seconds: float) -> str:
    """A duration for a reader: ``340 ms``, ``41.8 s``, ``5 min``, ``2 min 5 s``, ``3 h``, ``6 d 4 h``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120 and seconds % 60:
        return f"{seconds:.1f} s"
    if seconds < 2 * _UNITS["h"]:
        return _two_parts(round(seconds), "min", 60, "s")
    if seconds < 2 * _UNITS["d"]:
        return _two_parts(round(seconds / 60), "h", 60, "min")
    return _two_parts(round(seconds / 3600), "d", 24, "h")


def _two_parts(count: int, large: str, ratio: int, small: str) -> str:
    whole, rest = divmod(count, ratio)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


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

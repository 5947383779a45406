"""Near misses: what the writer probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process, utils

_CUTOFF = 60.0
"""Below this similarity (percent) a suggestion confuses more than it helps."""


def near(written: str, known: Iterable[str]) -> str:
    """The one of ``known`` that is most like ``written``; empty when none is like it."""
    match = process.extractOne(
        written, list(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=_CUTOFF
    )
    return match[0] if match else ""

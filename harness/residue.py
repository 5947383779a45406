"""Residue: what is not as it was at S0 after a path said that it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.model import ResidueClass, ResidueRow
from harness.spi import Layers, Observed


def differences(before: Layers, after: Layers, observed: Sequence[Observed]) -> tuple[ResidueRow, ...]:
    """Rows that differ, by layer and key; each classified by whoever the layer belongs to.

    Where nobody has an opinion the class is *breaks the old release*: an unexplained difference is never harmless.
    """
    return tuple(_differences(before, after, observed))


def _differences(before: Layers, after: Layers, observed: Sequence[Observed]) -> Iterator[ResidueRow]:
    for layer in sorted({*before, *after}):
        was, now = before.get(layer, {}), after.get(layer, {})
        for key in sorted({*was, *now}, key=_natural):
            old, new = was.get(key, ""), now.get(key, "")
            if old != new:
                opinions = (each.classify(layer, key, old, new) for each in observed)
                opinion = next((each for each in opinions if each), ResidueClass.BREAKS_OLD_RELEASE)
                yield ResidueRow(
                    layer=layer, key=key, before=old or "absent", after=new or "absent", residue_class=opinion
                )


def _natural(key: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", key)]

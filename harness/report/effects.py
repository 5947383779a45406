"""What the report says about effects on the outside world: pure functions of the record, no Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from harness.record import EffectRecord, EffectsRecord

_NAMED = 5
"""Addressees and keys that a row names; the others are counted here and listed in run.json."""


@dataclass(frozen=True)
class EffectsRow:
    """Effects of one kind that one release caused."""

    kind: str
    release: str
    count: int
    to: str
    duplicates: str


def effects_rows(record: EffectsRecord) -> Iterator[EffectsRow]:
    """A row for each kind and release."""

    def group(effect: EffectRecord) -> tuple[str, str]:
        return effect.kind, effect.release

    for (kind, release), members in groupby(sorted(record.effects, key=group), key=group):
        found = list(members)
        again = [f"{each.key} to {each.to}" for each in found if each.duplicate]
        yield EffectsRow(
            kind=kind,
            release=release or "not known",
            count=len(found),
            to=_some([each.to for each in found]),
            duplicates=f"{len(again)}: {_some(again)}" if again else "0",
        )


def _some(names: Sequence[str]) -> str:
    different = list(dict.fromkeys(names))
    more = len(different) - _NAMED
    return ", ".join(different[:_NAMED]) + (f" and {more} more" if more > 0 else "")

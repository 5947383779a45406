"""Placing texts at points of a line so that none covers another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

CHARACTER = 6.9
"""Average width of a character at 12 px, pixels: DejaVu Sans, the widest of the fonts that a reader may get."""
_GAP = 4.0
"""Pixels between a leader and its text, and around a text."""


@dataclass(frozen=True, slots=True)
class Label:
    """A text and the point that it belongs to; ``room`` is the free width around it. Pixels."""

    at: float
    text: str
    room: float = 0.0

    @property
    def width(self) -> float:
        """Estimated width at 12 px; on the safe side."""
        return len(self.text) * CHARACTER

    @property
    def centred(self) -> bool:
        """Whether the text fits into its room and so needs no leader (a line that joins it to its point)."""
        return self.width + 2 * _GAP <= self.room


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a label goes. Rows count from 0, nearest to the line; ``side`` is where its text is from its point."""

    label: Label
    side: str
    """``centre``, ``right`` or ``left``."""
    row: int = 0

    @property
    def anchor(self) -> float:
        """Where the text begins (``right``), ends (``left``) or has its middle (``centre``)."""
        return self.label.at + {"centre": 0.0, "right": _GAP, "left": -_GAP}[self.side]

    @property
    def left(self) -> float:
        """Left end of the text."""
        return self.anchor - self.label.width * {"centre": 0.5, "right": 0.0, "left": 1.0}[self.side]

    def covers(self, x: float) -> bool:
        """Whether a line at ``x`` would run through the text."""
        return self.left - _GAP < x < self.left + self.label.width + _GAP

    def overlaps(self, other: Placed) -> bool:
        """Whether both texts would touch in one row."""
        gap = abs(self.left + self.label.width / 2 - other.left - other.label.width / 2)
        return gap < (self.label.width + other.label.width) / 2 + _GAP


def shorten(text: str, longest: int) -> str:
    """``text`` with at most ``longest`` characters, the last an ellipsis where it was longer."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def place(labels: Sequence[Label], right: float) -> list[Placed]:
    """Place labels, texts ending before ``right``, in as few rows as their order allows.

    A text stands right of its leader and goes farther out than every text whose leader comes through it: a
    staircase. Where it would run over the edge, or through the leader of one that had to turn, it stands left of
    its leader. Those on the right are placed from right to left and the turned ones from left to right, so a text
    only ever covers leaders that are placed already, and there is always a row in which nothing crosses.
    """
    sided = _sides(labels, right)
    done: list[Placed] = [each for each in sided if each.side == "centre"]
    for each in (*(p for p in sided if p.side == "right"), *(p for p in sided[::-1] if p.side == "left")):
        done.append(replace(each, row=_free_row(each, done)))
    return sorted(done, key=lambda each: each.label.at)


def _sides(labels: Sequence[Label], right: float) -> list[Placed]:
    """Every label with its side, from right to left."""
    sided: list[Placed] = []
    for label in sorted(labels, key=lambda each: each.at, reverse=True):
        straight = Placed(label, "centre" if label.centred else "right")
        turned = (each.label.at for each in sided if each.side == "left")
        over = straight.left + label.width > right or any(map(straight.covers, turned))
        sided.append(Placed(label, "left") if over and not label.centred else straight)
    return sided


def _free_row(new: Placed, done: Sequence[Placed]) -> int:
    beyond = [each.row for each in done if each.side != "centre" and new.covers(each.label.at)]
    taken = {each.row for each in done if new.overlaps(each)}
    row = max(beyond, default=-1) + 1
    while row in taken:
        row += 1
    return row

"""The picture of an outage: one self-contained SVG for ``report.md``.

No script, no external font, no style that a sanitiser removes: GitHub shows it as an image, in light and dark mode
on its own white ground. Colours: Okabe & Ito, "Color Universal Design" (https://jfly.uni-koeln.de/color/), which
stay apart for colour-blind readers; failed requests and unnamed releases are hatched besides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from jinja2 import Environment, PackageLoader, StrictUndefined

from harness.probe.analysis import SecondBucket
from harness.report.labels import CHARACTER, Label, Placed, place, shorten

GOOD, FAILED = "#5DBB9A", "#D55E00"
_RELEASE_COLOURS = ("#0072B2", "#E69F00", "#56B4E9", "#CC79A7", "#8C6D31")
_OTHER_COLOUR = "#6E7781"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow (section 2.2, Char), escaped or not."""
_MOST_COLUMNS = 180
_TEMPLATES = Environment(
    loader=PackageLoader("harness.report", "."), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip

WIDTH, LEFT, RIGHT = 960.0, 58.0, 940.0
_PLOT_HEIGHT, _BAND_HEIGHT, _ROW = 190.0, 26.0, 18.0
_KEY_GAP = 14.0
_KEY_WIDTH = 18.0 + _KEY_GAP
"""What an entry of the legend takes besides its text."""
_LEGEND_WIDTH = 590.0


@dataclass(frozen=True, slots=True)
class PhaseMark:
    """A phase of the run; seconds since the anchor."""

    name: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment worth a line, such as ``first bad``; seconds since the anchor."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class _Column:
    """``length`` seconds from ``start``; good and bad per second."""

    start: float
    length: float
    good: float
    bad: float
    releases: Counter[str]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Seconds to pixels."""

    start: float
    end: float

    def x(self, second: float) -> float:
        share = (second - self.start) / (self.end - self.start)
        return round(LEFT + min(max(share, 0.0), 1.0) * (RIGHT - LEFT), 1)

    def ticks(self) -> list[tuple[float, str]]:
        step = _step((self.end - self.start) / 9)
        first, last = ceil(self.start / step), floor(self.end / step)
        return [(self.x(i * step), f"{i * step:g} s") for i in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class _Key:
    """An entry of the legend."""

    x: float
    text: str
    fill: str


def outage_svg(buckets: Sequence[SecondBucket], phases: Sequence[PhaseMark], marks: Sequence[Mark], title: str) -> str:
    """The chart: requests per second (good, failed), releases that answered, phases and marks, as SVG text.

    Every text is escaped. Phases are cut to the time of the probe's traffic; marks always show. Runs of more than
    180 s are drawn in columns of several seconds (their mean), so the file stays small.
    """
    axis = _axis(buckets, marks)
    columns = _columns(buckets)
    releases = _releases(buckets)
    shown = [each for each in phases if each.end > axis.start and each.start < axis.end]
    above = place([Label(axis.x(m.at), f"{_short(m.label)} · {m.at:.1f} s") for m in marks], RIGHT)
    below = place([_phase_label(axis, each) for each in shown], RIGHT)
    top = 76 + _ROW * _rows(above)
    highest = _step(max((c.good + c.bad for c in columns), default=1.0) * 1.05 or 1.0, upwards=True)
    return _TEMPLATES.get_template("outage.svg.j2").render(
        title=_clean(title), heading=shorten(_clean(title), 84),
        summary=_clean(_summary(buckets, shown, marks)),
        width=WIDTH, left=LEFT, right=RIGHT, top=top, row=_ROW, plot=_PLOT_HEIGHT, band=_BAND_HEIGHT,
        height=top + _PLOT_HEIGHT + _BAND_HEIGHT + 58 + _ROW * max(1, _rows(below)),
        shades=[(axis.x(p.start), axis.x(p.end), index % 2) for index, p in enumerate(shown)],
        grid=[(round(top + _PLOT_HEIGHT * (1 - i / 4), 1), f"{highest * i / 4:g}") for i in range(5)],
        ticks=axis.ticks(),
        requests=_request_bars(columns, axis, top + _PLOT_HEIGHT, _PLOT_HEIGHT / highest),
        shares=_release_bars(columns, axis, top + _PLOT_HEIGHT + 8, releases),
        marks=above, phases=below,
        request_keys=_keys([("good", GOOD), ("failed", "url(#failed)")], LEFT), release_keys=_release_keys(releases),
    )  # fmt: skip


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _step(least: float, upwards: bool = False) -> float:
    """A round number of at least ``least``; ``upwards``: one that gives round quarters."""
    scale = 10.0 ** floor(log10(least))
    factors = (1, 2, 4, 6, 8, 10) if upwards else (1, 2, 5, 10)
    return next((f * scale for f in factors if f * scale >= least * (1 - 1e-9)), 10 * scale)


def _axis(buckets: Sequence[SecondBucket], marks: Sequence[Mark]) -> _Axis:
    """From the first to the last request, and every mark."""
    ends = [float(each.second) for each in buckets] + [each.second + 1.0 for each in buckets] + [m.at for m in marks]
    start, end = min(ends, default=0.0), max(ends, default=1.0)
    return _Axis(start, max(end, start + 1.0))


def _columns(buckets: Sequence[SecondBucket]) -> list[_Column]:
    size = max(1, ceil(len(buckets) / _MOST_COLUMNS))
    groups = (buckets[index : index + size] for index in range(0, len(buckets), size))
    return [
        _Column(
            start=float(group[0].second),
            length=float(len(group)),
            good=sum(each.good for each in group) / len(group),
            bad=sum(each.bad for each in group) / len(group),
            releases=sum((each.versions for each in group), Counter()),
        )
        for group in groups
    ]


def _releases(buckets: Sequence[SecondBucket]) -> dict[str, str]:
    """Releases in order of appearance, and their fill; the sixth and later share one as ``other``; "" comes last."""
    seen = list(dict.fromkeys(name for bucket in buckets for name in bucket.versions if name))
    fills = dict(zip(seen, _RELEASE_COLOURS, strict=False))
    if len(seen) > len(fills):
        fills["other"] = _OTHER_COLOUR
    if any(bucket.versions[""] for bucket in buckets):
        fills[""] = "url(#none)"
    return fills


def _short(text: str) -> str:
    return shorten(_clean(text), 36)


def _phase_label(axis: _Axis, phase: PhaseMark) -> Label:
    start, end = axis.x(phase.start), axis.x(phase.end)
    return Label((start + end) / 2, _short(phase.name), end - start)


def _rows(labels: Sequence[Placed]) -> int:
    return max((each.row + 1 for each in labels), default=0)


def _bar(axis: _Axis, column: _Column, top: float, height: float) -> str:
    left, right = axis.x(column.start), axis.x(column.start + column.length)
    gap = 1.0 if right - left >= 8 else 0.0
    return f"M{left:g} {top:.1f}h{right - left - gap:.1f}v{height:.1f}H{left:g}z" if height > 0 else ""


def _request_bars(columns: Sequence[_Column], axis: _Axis, bottom: float, scale: float) -> list[tuple[str, str]]:
    """Fill and path of the good bars and of the failed ones on top of them."""
    good = (_bar(axis, c, bottom - c.good * scale, c.good * scale) for c in columns)
    bad = (_bar(axis, c, bottom - (c.good + c.bad) * scale, c.bad * scale) for c in columns)
    return [(GOOD, "".join(good)), ("url(#failed)", "".join(bad))]


def _release_bars(columns: Sequence[_Column], axis: _Axis, top: float, fills: dict[str, str]) -> list[tuple[str, str]]:
    """Fill and path of the share of answers that each release gave, stacked in the order of the legend."""
    paths = dict.fromkeys(fills, "")
    for column in columns:
        offset = top
        for name, share in _shares(column, fills):
            paths[name] += _bar(axis, column, offset, share * _BAND_HEIGHT)
            offset += share * _BAND_HEIGHT
    return [(fill, paths[name]) for name, fill in fills.items()]


def _shares(column: _Column, fills: dict[str, str]) -> Iterator[tuple[str, float]]:
    total = column.releases.total()
    grouped: Counter[str] = Counter()
    for name, count in column.releases.items():
        grouped[name if name in fills else "other"] += count
    for name in fills:
        if grouped[name]:
            yield name, grouped[name] / total


def _keys(entries: Sequence[tuple[str, str]], left: float) -> list[_Key]:
    keys = []
    for text, fill in entries:
        keys.append(_Key(left, text, fill))
        left += _KEY_WIDTH + len(text) * CHARACTER
    return keys


def _release_keys(releases: dict[str, str]) -> list[_Key]:
    """The releases, right-aligned; their names shortened to what the line has room for."""
    longest = int((_LEGEND_WIDTH / max(1, len(releases)) - _KEY_WIDTH) / CHARACTER)
    entries = [(shorten(_clean(name) or "none", longest), fill) for name, fill in releases.items()]
    return _keys(entries, RIGHT + _KEY_GAP - sum(_KEY_WIDTH + len(text) * CHARACTER for text, _ in entries))


def _summary(buckets: Sequence[SecondBucket], phases: Sequence[PhaseMark], marks: Sequence[Mark]) -> str:
    """What the picture shows, in words, for those who do not see it."""
    total, failed = sum(b.good + b.bad for b in buckets), sum(b.bad for b in buckets)
    bad = [b.second for b in buckets if b.bad]
    sentences = [f"{total} requests in {len(buckets)} s, {failed} failed"]
    if bad:
        sentences[0] += f", between second {bad[0]} and second {bad[-1] + 1}"
    if phases:
        sentences.append("Phases: " + ", ".join(f"{p.name} {p.start:.1f} to {p.end:.1f} s" for p in phases))
    if marks:
        sentences.append("Moments: " + ", ".join(f"{m.label} at {m.at:.1f} s" for m in marks))
    return ". ".join(sentences) + "."

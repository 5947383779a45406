from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.probe.analysis import SecondBucket
from harness.report.chart import FAILED, GOOD, Mark, PhaseMark, outage_svg
from harness.report.labels import Label, place, shorten

SVG = "{http://www.w3.org/2000/svg}"


def bucket(second: int, good: int, bad: int = 0, **versions: int) -> SecondBucket:
    return SecondBucket(second, good, bad, Counter(versions))


def texts(svg: str) -> list[str]:
    return ["".join(each.itertext()) for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def heights(svg: str, fill: str) -> list[float]:
    paths = [p.get("d", "") for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("fill") == fill]
    return [float(each) for each in re.findall(r"v([\d.]+)", "".join(paths))]


def lines_at(svg: str) -> list[float]:
    dashed = [p for p in ElementTree.fromstring(svg).iter(f"{SVG}path") if p.get("stroke-dasharray")]
    return [float(re.findall(r"M([\d.]+)", p.get("d", ""))[0]) for p in dashed]


def test_bars_are_as_high_as_what_they_count() -> None:
    svg = outage_svg([bucket(0, 60), bucket(1, 45, 15), bucket(2, 0, 60), bucket(3, 0)], [], [], "t")
    assert heights(svg, GOOD) == pytest.approx([190 * 60 / 80, 190 * 45 / 80], abs=0.1)
    assert heights(svg, "url(#failed)") == pytest.approx([190 * 15 / 80, 190 * 60 / 80], abs=0.1)
    assert FAILED in svg


def test_the_band_shows_the_share_of_every_release() -> None:
    mixed = SecondBucket(1, 40, 10, Counter({"v1": 25, "v2": 20, "": 5}))
    svg = outage_svg([bucket(0, 50, v1=50), mixed], [], [], "t")
    assert heights(svg, "#0072B2") == [26.0, 13.0]
    assert heights(svg, "#E69F00") == [10.4]
    assert heights(svg, "url(#none)") == [2.6]
    assert [text for text in texts(svg) if text in ("v1", "v2", "none")] == ["v1", "v2", "none"]


def test_the_sixth_release_and_later_ones_are_one() -> None:
    svg = outage_svg([bucket(i, 10, **{f"v{i}": 10}) for i in range(8)], [], [], "t")
    shown = [text for text in texts(svg) if re.fullmatch(r"v\d|other|none", text)]
    assert shown == ["v0", "v1", "v2", "v3", "v4", "other"]
    assert heights(svg, "#6E7781") == [26.0, 26.0, 26.0]


def test_marks_stand_where_they_happened_and_say_when() -> None:
    svg = outage_svg([bucket(s, 10) for s in range(10)], [], [Mark(2.5, "first bad"), Mark(12.0, "recovered")], "t")
    assert lines_at(svg) == pytest.approx([58 + 882 * 2.5 / 12, 940.0], abs=0.1)  # the axis grows to show every mark
    assert {"first bad · 2.5 s", "recovered · 12.0 s"} < set(texts(svg))


def test_phases_without_traffic_are_left_out() -> None:
    phases = [PhaseMark("provision", 0, 5), PhaseMark("baseline", 4, 8), PhaseMark("report", 12, 13)]
    shown = texts(outage_svg([bucket(s, 10) for s in range(5, 10)], phases, [], "t"))
    assert "baseline" in shown
    assert "provision" not in shown and "report" not in shown


def test_every_text_is_escaped_and_the_file_stands_alone() -> None:
    nasty = "</text><script>alert('x')</script>\x00\x1b\ud800&\""
    buckets = [SecondBucket(s, 5, 5, Counter({nasty: 10})) for s in range(3)]
    svg = outage_svg(buckets, [PhaseMark(nasty, 0, 3)], [Mark(1, nasty)], nasty)
    tags = {each.tag.removeprefix(SVG) for each in ElementTree.fromstring(svg.encode()).iter()}
    assert tags == {"svg", "title", "desc", "defs", "pattern", "rect", "text", "path", "g"}
    assert not re.search(r"href|@import|var\(|<style|url\((?!#)", svg)


def test_it_says_in_words_what_it_shows() -> None:
    svg = outage_svg(
        [bucket(0, 50), bucket(1, 20, 30), bucket(2, 50)], [PhaseMark("detect", 1, 2)], [Mark(1.2, "first bad")], "D"
    )
    root = ElementTree.fromstring(svg)
    assert root.get("role") == "img" and root.get("aria-labelledby") == "title desc"
    assert root.findtext(f"{SVG}title") == "D"
    assert root.findtext(f"{SVG}desc") == (
        "150 requests in 3 s, 30 failed, between second 1 and second 2. "
        "Phases: detect 1.0 to 2.0 s. Moments: first bad at 1.2 s."
    )


def test_no_traffic_is_said() -> None:
    assert "no traffic was recorded" in texts(outage_svg([], [], [], "t"))
    assert "no traffic was recorded" not in texts(outage_svg([bucket(0, 1)], [], [], "t"))


def test_half_an_hour_is_a_small_file_with_the_same_totals() -> None:
    svg = outage_svg([bucket(s, 40, 10, v1=50) for s in range(1800)], [], [], "t")
    assert len(heights(svg, GOOD)) == 180
    assert set(heights(svg, GOOD)) == {126.7}  # 40 of 60 on a scale of 190
    assert len(svg) < 30_000


def test_a_long_text_is_cut_and_a_long_title_kept_for_those_who_listen() -> None:
    assert (shorten("abcdef", 6), shorten("abcdef", 5)) == ("abcdef", "abcd…")
    svg = outage_svg([bucket(0, 1)], [], [], "x" * 200)
    assert "x" * 83 + "…" in texts(svg)
    assert ElementTree.fromstring(svg).findtext(f"{SVG}title") == "x" * 200


@st.composite
def crowded(draw: st.DrawFn) -> list[Label]:
    """Phases side by side, many too narrow for their names."""
    widths = draw(st.lists(st.sampled_from([0.0, 1.0, 4.0, 30.0, 90.0]), min_size=1, max_size=14))
    names = draw(st.lists(st.integers(1, 20), min_size=len(widths), max_size=len(widths)))
    start, labels = draw(st.sampled_from([58.0, 500.0])), []
    for width, length in zip(widths, names, strict=True):
        labels.append(Label(start + width / 2, "x" * length, width))
        start += width
    return labels


@settings(max_examples=400, deadline=None)
@given(crowded())
def test_no_text_covers_another_and_no_leader_runs_through_a_text(labels: list[Label]) -> None:
    right = max(label.at + label.room / 2 for label in labels)
    placed = place(labels, right)
    assert sorted(p.label.at for p in placed) == sorted(label.at for label in labels)
    for row in {each.row for each in placed}:
        ends = sorted((p.left, p.left + p.label.width) for p in placed if p.row == row)
        assert all(left[1] < next_[0] for left, next_ in pairwise(ends))
    for owner in placed:
        assert owner.left + owner.label.width <= right
        inner = [p for p in placed if p.row < owner.row]
        assert not [p for p in inner if p.left < owner.label.at < p.left + p.label.width]

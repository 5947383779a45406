from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.probe import analysis
from harness.probe.analysis import Outage, good_since, recovery
from harness.probe.samples import Sample, SampleReader, read_samples, write_line


def sample(seq: int, intended: float, ok: bool = True, **more: Any) -> Sample:
    fields: dict[str, Any] = {
        "name": "r", "request": "GET /", "write": False, "start": intended, "end": intended + 0.01,
        "status": 200 if ok else 500, "version": "v1", "key": "", "error": "" if ok else "status 500",
    }  # fmt: skip
    return Sample(seq=seq, intended=intended, ok=ok, **{**fields, **more})


def run_of(answers: str, rate: float = 10.0, first: float = 0.0) -> list[Sample]:
    """``+`` good, ``-`` bad, ``.`` not in the log."""
    return [sample(i, first + i / rate, mark == "+") for i, mark in enumerate(answers) if mark != "."]


def by_definition(log: list[Sample], since: int, window: int, least: Fraction) -> tuple[int, int | None] | None:
    """``recovery`` word for word, in whole microseconds: every window is looked at, one after the other."""
    have = {each.seq for each in log}
    gap = next(number for number in range(min(have), max(have) + 2) if number not in have)
    log = [each for each in log if each.seq < gap]
    points = [(round(each.intended * 1e6), each.ok) for each in log]
    end = points[-1][0]

    def is_good(start: int) -> bool:
        inside = [ok for time, ok in points if start <= time <= start + window]
        return bool(inside) and Fraction(sum(inside), len(inside)) >= least

    first = next((time for time, ok in points if time >= since and not ok), None)
    if first is None:
        return None
    for time, ok in points:
        if ok and time > first and time + window <= end and all(is_good(u) for u in range(time, end - window + 1)):
            return first, time
    return first, None


@st.composite
def logs(draw: st.DrawFn) -> list[Sample]:
    steps = draw(st.lists(st.integers(0, 5), min_size=1, max_size=12))
    oks = draw(st.lists(st.sampled_from([True, True, True, False]), min_size=len(steps), max_size=len(steps)))
    time, log = 0, []
    for seq, (step, ok) in enumerate(zip(steps, oks, strict=True)):
        time += step
        log.append(sample(seq, time / 1e6, ok))
    lost = draw(st.sets(st.integers(0, len(log) - 1), max_size=1))
    return [each for each in log if each.seq not in lost] or log


@settings(max_examples=800, deadline=None)
@given(logs(), st.integers(0, 10), st.integers(1, 25), st.sampled_from([Fraction(1), Fraction(3, 4), Fraction(1, 2)]))
@example(run_of("-++++", rate=1e6), 0, 4, Fraction(1))
@example(run_of("-+-+-+", rate=5e5), 0, 4, Fraction(1, 2))  # a window turns bad because a good request leaves it
def test_recovery_is_its_definition(log: list[Sample], since: int, window: int, least: Fraction) -> None:
    outage = recovery(log, since / 1e6, window / 1e6, float(least))
    expected = by_definition(log, since, window, least)
    if expected is None:
        assert outage is None
    else:
        first, recovered = expected
        assert outage is not None
        assert (outage.first_bad, outage.recovered) == (first / 1e6, None if recovered is None else recovered / 1e6)


@pytest.mark.parametrize(
    ("answers", "first_bad", "recovered"),
    [
        ("++++----++++++++++++", 0.4, 0.8),  # plain
        ("++++--+--+++++++++++", 0.4, 0.9),  # one good answer inside is no recovery
        ("++++----+++++++++++-", 0.4, None),  # a relapse in the last request counts
        ("++++----+++++++++++-+++++++++++", 0.4, 2.0),  # a relapse moves it behind the relapse
        ("++++----+++++++++", 0.4, None),  # the log ends before the window does
        ("++++----++++++++++.+", 0.4, None),  # in flight: the log is complete only before it
        ("++++----++++++++++++.", 0.4, 0.8),
        ("++++----", 0.4, None),
    ],
)
def test_recovery_by_example(answers: str, first_bad: float, recovered: float | None) -> None:
    outage = recovery(run_of(answers), since=0.0, window=1.0)
    assert outage is not None
    assert (outage.first_bad, outage.recovered) == (first_bad, recovered)


def test_recovery_starts_at_since_and_needs_a_failure() -> None:
    assert recovery([], 0, 1) is None
    assert recovery(run_of("-+++++++++++++"), since=0.05, window=1.0) is None
    assert Outage(first_bad=1.1, recovered=42.9, seen_until=60).duration == 41.8
    assert Outage(first_bad=1.1, recovered=None, seen_until=60).duration is None


def test_answers_out_of_order_do_not_matter() -> None:
    log = run_of("++--+++++++++++++")
    assert recovery(list(reversed(log)), 0, 1.0) == recovery(log, 0, 1.0)


@pytest.mark.parametrize(
    ("answers", "good"),
    [
        ("+" * 21, True),
        ("+" * 16, True),  # what is younger than the patience may still be in flight
        ("+" * 14, False),  # the log stopped growing
        ("+" * 10 + "-" + "+" * 10, False),
        ("+" * 10 + "." + "+" * 10, False),  # one is in flight for longer than the patience
        ("+" * 17 + "-" + "+" * 3, True),  # too young to be judged
        ("-" * 5 + "+" * 16, True),
        ("+", False),
        ("", False),
    ],
)
def test_good_since_looks_at_the_window_that_ended_patience_ago(answers: str, good: bool) -> None:
    assert good_since(run_of(answers), now=2.0, window=1.0, patience=0.5) is good


def test_good_since_needs_a_whole_window_and_allows_the_share_it_is_given() -> None:
    assert not good_since(run_of("+" * 21, first=0.6), now=2.0, window=1.0)
    assert good_since(run_of("+" * 10 + "-" + "+" * 10), now=2.0, window=1.0, min_success=0.9)


def test_ratios_windows_and_failures() -> None:
    log = run_of("+-+-----++")
    assert analysis.success_ratio([]) is None
    assert analysis.success_ratio(log) == 0.4
    assert [each.seq for each in analysis.in_window(log, 0.1, 0.3)] == [1, 2]
    assert analysis.failed_requests(log, 0.1, 0.5) == (3, 4)
    assert analysis.first_bad(log, 0.2) == log[3]
    assert analysis.first_bad(log, 0.8) is None


def test_latency_counts_from_the_intended_start() -> None:
    log = [sample(i, i * 1.0, start=i + 0.5, end=i + (i + 1) / 1000) for i in range(101)]
    assert analysis.latency(log) == analysis.Latency(p50=51, p95=96, p99=100, count=101)
    assert analysis.latency(log[:1]) == analysis.Latency(p50=1, p95=1, p99=1, count=1)
    assert analysis.latency([]) is None
    assert (analysis.send_lag(log), analysis.send_lag([])) == (0.5, 0.0)


def test_per_second_has_every_second_and_the_versions_seen() -> None:
    log = [sample(0, 4.999), sample(1, 5.0, ok=False, version=""), sample(2, 5.5, version="v2"), sample(3, 7.0)]
    assert [(b.second, b.good, b.bad, b.versions) for b in analysis.per_second(log)] == [
        (4, 1, 0, Counter(v1=1)),
        (5, 1, 1, Counter({"": 1, "v2": 1})),
        (6, 0, 0, Counter()),
        (7, 1, 0, Counter(v1=1)),
    ]
    assert analysis.per_second([]) == []


def test_acknowledged_is_a_write_with_2xx_as_expected() -> None:
    log = [
        sample(0, 0.0, write=True, key="a", status=201),
        sample(1, 0.1, write=True, key="b", ok=False),
        sample(2, 0.2, write=True, key="c", status=302),
        sample(3, 0.3),
    ]
    assert analysis.acknowledged_writes(log) == {"a"}


def test_a_torn_line_waits_for_its_end(tmp_path: Path) -> None:
    log, reader = tmp_path / "requests.jsonl", SampleReader(tmp_path / "requests.jsonl")
    one, two = sample(1, 1.0), sample(0, 0.5)
    assert reader.new() == read_samples(log) == []
    log.write_bytes(write_line(one) + write_line(two)[:20])
    assert (reader.new(), reader.new(), read_samples(log)) == ([one], [], [one])
    log.write_bytes(write_line(one) + write_line(two))
    assert (reader.new(), reader.new(), read_samples(log)) == ([two], [], [two, one])


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    log.write_bytes(write_line(sample(0, 0.0)) + b'{"seq": 1}\n')
    with pytest.raises(ValueError, match=r"requests\.jsonl:2: not a line of a request log"):
        read_samples(log)

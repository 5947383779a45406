"""The outage as a chart for pages that show no file."""

import re
from collections import Counter

import pytest

from harness.probe.analysis import SecondBucket
from harness.report.mermaid import outage_mermaid


@pytest.mark.parametrize(("seconds", "columns", "size"), [(1, 1, 1), (60, 60, 1), (61, 31, 2), (1800, 60, 30)])
def test_a_long_run_is_drawn_in_means(seconds, columns, size):
    buckets = [SecondBucket(10 + n, good=6, bad=n % 2, versions=Counter()) for n in range(seconds)]
    chart = outage_mermaid(buckets, [])
    bars, line = (re.search(rf"^ *{kind} \[(.*)\]$", chart, re.M)[1].split(", ") for kind in ("bar", "line"))
    assert (len(bars), set(line)) == (len(line), {"6"})
    assert len(bars) == columns
    assert (f"means of {size} s" in chart) is (size > 1)
    assert f"10 --> {max(11, 10 + (columns - 1) * size)}" in chart
    assert sum(map(float, bars)) == pytest.approx((seconds // 2) / size, abs=0.6)

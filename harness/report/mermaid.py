"""The outage as a Mermaid chart, for pages that show no file beside them (a GitHub job summary).

Mermaid's ``xychart-beta`` has neither a legend nor stacked bars: failed requests are the bars, good ones the line,
and the sentence under the chart says so. No text of a scenario gets into the chart, so nothing has to be escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from harness.probe.analysis import SecondBucket
from harness.report.chart import FAILED, GOOD, Mark

_MOST_COLUMNS = 60


def outage_mermaid(buckets: Sequence[SecondBucket], marks: Sequence[Mark]) -> str:
    """Requests per second, failed and good, in a fenced block, and what the chart shows in words.

    A run of more than 60 s is drawn in columns of several seconds: their mean.
    """
    size = max(1, ceil(len(buckets) / _MOST_COLUMNS))
    columns = [buckets[start : start + size] for start in range(0, len(buckets), size)]
    good = [_mean([each.good for each in column]) for column in columns]
    failed = [_mean([each.bad for each in column]) for column in columns]
    first = buckets[0].second
    last = max(columns[-1][0].second, first + 1)  # Mermaid puts the last column on the end of its axis
    moments = "".join(f" {mark.label.capitalize()} at {mark.at:.1f} s." for mark in marks)
    mean = f", means of {size} s" if size > 1 else ""
    return "\n".join(
        [
            "```mermaid",
            f"%%{{init: {{'themeVariables': {{'xyChart': {{'plotColorPalette': '{FAILED}, {GOOD}'}}}}}}}}%%",
            "xychart-beta",
            '    title "Requests per second: bars failed, line good"',
            f'    x-axis "seconds since the start of the run" {first} --> {last}',
            f'    y-axis "requests per second" 0 --> {max([1, *map(ceil, good), *map(ceil, failed)])}',
            f"    bar [{_listed(failed)}]",
            f"    line [{_listed(good)}]",
            "```",
            "",
            f"Bars: requests that failed; line: requests that went well{mean}.{moments}",
        ]
    )


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 1)


def _listed(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)

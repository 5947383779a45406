"""What the request log says: pure functions of samples, sorted by intended start as ``read_samples`` gives them.

Everything is placed in time by the *intended* start: a request that had to wait belongs to the moment at which
the user wanted it, so a stall is as long as it was felt.
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, takewhile
from math import ceil, floor

from harness.model import Latency
from harness.probe.samples import Sample

MIN_SUCCESS = 0.995
"""Share of good answers of a good window; at 50/s and 3 s one failure is too many."""
PATIENCE = 0.5
"""Seconds after which a request without an answer speaks against a live window."""


@dataclass(frozen=True, slots=True)
class Outage:
    """An outage as the probe saw it; times in seconds since the anchor, by intended start."""

    first_bad: float
    recovered: float | None
    """None where the log does not show a recovery."""
    seen_until: float
    """Where the complete part of the log ends."""

    @property
    def duration(self) -> float | None:
        """Recovery time, seconds; None where there was none."""
        return None if self.recovered is None else round(self.recovered - self.first_bad, 6)


@dataclass(slots=True)
class SecondBucket:
    """The requests intended within one second. ``versions`` counts the releases that answered, "" for none."""

    second: int
    good: int = 0
    bad: int = 0
    versions: Counter[str] = field(default_factory=Counter)


def success_ratio(samples: Sequence[Sample]) -> float | None:
    """Share of good answers, 0 to 1; None for no requests (unknown is not good)."""
    return sum(sample.ok for sample in samples) / len(samples) if samples else None


def in_window(samples: Sequence[Sample], start: float, end: float) -> list[Sample]:
    """Samples with ``start`` <= intended < ``end``."""
    return [sample for sample in samples if start <= sample.intended < end]


def failed_requests(samples: Sequence[Sample], start: float, end: float) -> tuple[int, int]:
    """How many requests intended in [``start``, ``end``) failed, of how many."""
    chosen = in_window(samples, start, end)
    return sum(not sample.ok for sample in chosen), len(chosen)


def first_bad(samples: Sequence[Sample], since: float) -> Sample | None:
    """The first request intended at or after ``since`` that failed."""
    return next((sample for sample in samples if sample.intended >= since and not sample.ok), None)


def complete(samples: Sequence[Sample]) -> list[Sample]:
    """The part of a log in which the fate of every request is known.

    Lines are written at completion, so a log cut off (live, or the probe was killed) has later requests in it than
    some that are still in flight. The complete part ends before the first ``seq`` that is missing.
    """
    by_seq = sorted(samples, key=lambda sample: sample.seq)
    first = by_seq[0].seq if by_seq else 0
    return [each for _, each in takewhile(lambda pair: pair[0] == pair[1].seq, enumerate(by_seq, start=first))]


def recovery(samples: Sequence[Sample], since: float, window: float, min_success: float = MIN_SUCCESS) -> Outage | None:
    """The outage after ``since``; None where no request failed.

    **Recovery time**: first bad response → start of the sustained good window, as the probe saw it. Exactly, with
    times in whole microseconds (the log's resolution) and only the ``complete`` part of the log, which ends at E,
    the intended start of its last request:

    * ``first_bad`` is the intended start of the first failed request intended at or after ``since``.
    * A window [u, u + ``window``], both ends included, is good when it holds a request and the share of good
      answers in it is at least ``min_success``. An empty window is not good: unknown never counts as good.
    * ``recovered`` is the intended start t of the first good request after ``first_bad`` such that t + ``window`` <= E
      and every window with t <= u and u + ``window`` <= E is good. A relapse later in the log moves it behind the
      relapse; a log too short to show a whole window shows no recovery.

    Both ends are intended starts of requests, so the figure is exact to one interval of the schedule (1 / rate) and
    owes nothing to when anybody polled.
    """
    log = complete(samples)
    bad = first_bad(log, since)
    if bad is None:
        return None
    times = [_micro(sample.intended) for sample in log]
    width, end = _micro(window), times[-1]
    after = max(_micro(bad.intended), _last_bad_window(log, times, width, min_success))
    good = (time for time, sample in zip(times, log, strict=True) if sample.ok and time > after)
    recovered = next((time / 1e6 for time in good if time + width <= end), None)
    return Outage(bad.intended, recovered, log[-1].intended)


def _last_bad_window(log: Sequence[Sample], times: list[int], width: int, min_success: float) -> int:
    """Latest start u of a window within the log that is not good; -1 below the first request where all are good.

    What a window holds changes only at u = t + 1 (request t leaves) and u = t - width (request t enters). Judging
    the last u before each change, and the last u of all, therefore judges every window.
    """
    good = [0, *accumulate(sample.ok for sample in log)]
    last = times[-1] - width
    starts = {last, *times, *(time - width - 1 for time in times)}
    for start in sorted((each for each in starts if times[0] <= each <= last), reverse=True):
        low, high = bisect_left(times, start), bisect_right(times, start + width)
        if high == low or (good[high] - good[low]) / (high - low) < min_success:
            return start
    return times[0] - 1


def _micro(seconds: float) -> int:
    return round(seconds * 1e6)


def good_since(
    samples: Sequence[Sample],
    now: float,
    window: float,
    min_success: float = MIN_SUCCESS,
    patience: float = PATIENCE,
) -> bool:
    """Whether users were served well over the ``window`` seconds that end ``patience`` seconds before ``now``.

    For waiting while the probe runs. Requests that the schedule called for in that window and that have no line in
    the log are not good: the answer is late, or the probe is dead. The schedule is read off the samples (``seq``
    against ``intended``), so a log that stops growing turns this false. The measured recovery time never comes from
    here but from ``recovery``.
    """
    if not samples:
        return False
    first, last = min(samples, key=lambda each: each.seq), max(samples, key=lambda each: each.seq)
    end = now - patience
    if first.seq == last.seq or first.intended > end - window:
        return False
    spacing = (last.intended - first.intended) / (last.seq - first.seq)
    lowest = first.seq + ceil((end - window - first.intended) / spacing)
    highest = first.seq + floor((end - first.intended) / spacing)
    good = sum(sample.ok for sample in samples if lowest <= sample.seq <= highest)
    due = highest - lowest + 1
    return due > 0 and good / due >= min_success


def latency(samples: Sequence[Sample]) -> Latency | None:
    """Percentiles of the time from intended start to the end of the answer, milliseconds; None for no requests.

    Every request counts, failed ones for as long as the user waited for them: give it one kind or one window at a
    time. Percentiles are interpolated between the two nearest ranks (``statistics.quantiles``, inclusive).
    """
    waits = [(sample.end - sample.intended) * 1000 for sample in samples]
    if not waits:
        return None
    cuts = statistics.quantiles(waits, n=100, method="inclusive") if len(waits) > 1 else waits * 99
    return Latency(p50=round(cuts[49], 3), p95=round(cuts[94], 3), p99=round(cuts[98], 3), count=len(waits))


def send_lag(samples: Sequence[Sample]) -> float:
    """Largest delay between intended and real start, seconds; 0 for none.

    The probe's own honesty: where this is not small against what is measured, the host was too busy to judge.
    """
    return max((sample.start - sample.intended for sample in samples), default=0.0)


def per_second(samples: Sequence[Sample]) -> list[SecondBucket]:
    """Samples by whole second of intended start, first to last, seconds without a request included."""
    if not samples:
        return []
    seconds = [floor(sample.intended) for sample in samples]
    buckets = {second: SecondBucket(second) for second in range(min(seconds), max(seconds) + 1)}
    for second, sample in zip(seconds, samples, strict=True):
        bucket = buckets[second]
        bucket.good += sample.ok
        bucket.bad += not sample.ok
        bucket.versions[sample.version] += 1
    return list(buckets.values())


def acknowledged_writes(samples: Sequence[Sample]) -> set[str]:
    """Idempotency keys of the writes that were answered with 2xx and were as expected: what may not be lost."""
    return {sample.key for sample in samples if sample.write and sample.ok and 200 <= sample.status < 300}

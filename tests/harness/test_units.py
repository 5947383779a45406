"""Durations as people write and read them."""

import pytest

from harness.units import format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("250ms", 0.25), ("1m30s", 90), ("1h", 3600), ("7d", 604800), ("1d12h", 129600), (2.5, 2.5)],
)
def test_durations_are_read(written, seconds):
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", ["", "7", "1 week", "7w", "d", "-1s", "0s", True, float("inf")])
def test_what_is_no_duration_is_refused(written):
    with pytest.raises(ValueError, match="a duration"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.34, "340 ms"),
        (41.8, "41.8 s"),
        (125, "2 min 5 s"),
        (300, "5 min"),
        (7199, "119 min 59 s"),
        (7200, "2 h"),
        (86400, "24 h"),
        (172799, "48 h"),
        (172800, "2 d"),
        (7 * 86400 + 1, "7 d"),
        (41 * 86400 + 7300, "41 d 2 h"),
    ],
)
def test_durations_are_shown(seconds, shown):
    assert format_duration(seconds) == shown

"""Change since the last run, and what is more than noise; through the commands too."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.history import append
from harness.trend import noise, trends
from tests.harness.test_history import row

STEADY = (20.0, 20.4, 19.8, 20.2, 19.9, 20.1)


def history(*times, **changes):
    """Rows of one path, newest first, from recovery times, oldest first."""
    return [row(number, recovery=each, **changes) for number, each in enumerate(times, start=1)][::-1]


@pytest.mark.parametrize(
    ("value", "beyond"), [(20.3, False), (20.8, False), (21.0, True), (19.3, False), (19.2, True), (60.0, True)]
)
def test_what_lies_beyond_the_spread_of_the_earlier_runs_is_more_than_noise(value, beyond):
    found = noise(value, STEADY)
    assert found.typical == pytest.approx(20.05)
    assert found.beyond is beyond


def test_the_score_is_that_of_iglewicz_and_hoaglin():
    earlier = (2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3)  # median 2.45, MAD 0.15
    assert noise(8.3, earlier).score == pytest.approx(0.6745 * (8.3 - 2.45) / 0.15, rel=1e-3)


def test_one_slow_run_among_the_earlier_ones_hides_no_other():
    assert noise(40.0, (*STEADY, 300.0)).beyond


def test_without_five_earlier_runs_nobody_knows():
    assert noise(99.0, STEADY[:4]) is None
    assert noise(99.0, STEADY[:5]).beyond


def test_earlier_runs_that_are_all_the_same():
    assert not noise(20.0, [20.0] * 9).beyond
    assert noise(20.1, [20.0] * 9).beyond
    assert not noise(20.4, [20.0] * 8 + [21.0]).beyond  # MAD is 0, the mean deviation is not


def test_change_typical_time_and_first_attempts():
    (found,) = trends(history(*STEADY, 26.1, first_attempt_clean=True))
    assert (found.change, found.typical, found.beyond_noise) == (pytest.approx(6.0), pytest.approx(20.05), True)
    assert found.recovery == (*STEADY, 26.1)
    assert found.first_attempt_clean == (True,) * 7


def test_runs_that_were_changed_or_not_judged_do_not_count():
    rows = [row(9, changes=("--set a=1",), recovery=1.0), row(8, verdict="inconclusive"), *history(20.0, 21.0)]
    (found,) = trends(rows)
    assert (found.newest.run, found.change, found.beyond_noise) == ("r2", pytest.approx(1.0), None)


def test_a_run_that_never_recovered_has_no_change_and_is_no_measure():
    (found,) = trends([row(9, verdict="failed", recovery=None), *history(*STEADY)])
    assert (found.change, found.beyond_noise, found.newest.verdict) == (None, None, "failed")
    (found,) = trends([row(9, recovery=20.0), row(8, verdict="failed", recovery=None), *history(*STEADY)])
    assert (found.change, found.beyond_noise) == (None, False)


def test_each_path_has_a_trend_of_its_own():
    assert [(each.scenario, each.path) for each in trends([row(1), row(2, path="prepared"), row(3, scenario="a")])] == [
        ("a", "naive"),
        ("s", "naive"),
        ("s", "prepared"),
    ]


@pytest.fixture
def drill(tmp_path):
    def call(*args):
        result = CliRunner().invoke(main, [*args, "--runs", str(tmp_path)])
        assert result.exit_code == 0, result.output
        return result.output

    return call


def test_the_command_says_change_noise_and_first_attempts(drill, tmp_path):
    for each in history(*STEADY, first_attempt_clean=True):
        append(tmp_path, each)
    append(tmp_path, row(9, recovery=30.0, first_attempt_clean=False))
    said = drill("trend", "s")
    assert "recovery time  30.0 s, +9.9 s since the run before; MORE THAN NOISE (slower): median before 20.1 s" in said
    assert "first attempt  broken; 6 of the last 7 clean: ✓✓✓✓✓✓✗" in said
    assert json.loads(drill("trend", "s", "--json"))[0]["beyond_noise"] is True
    assert drill("trend", "t") == f"no run of t in {tmp_path}\n"


def test_history_lists_the_newest_first_with_what_was_changed(drill, tmp_path):
    append(tmp_path, row(1, recovery=12.5, first_attempt_clean=False))
    append(tmp_path, row(2, verdict="failed", changes=("--without remedies",)))
    first, second = drill("history").splitlines()
    assert first.startswith("2026-11-02 00:00  failed ")
    assert first.endswith("r2  --without remedies")
    assert all(part in second for part in ("passed", "s · naive", "12.5 s", "first attempt broken"))
    assert [each["run"] for each in json.loads(drill("history", "--limit", "1", "--json"))] == ["r2"]
    assert drill("history", "s", "--path", "prepared") == f"no run of s in {tmp_path}\n"


def test_a_rebuild_says_what_it_did_and_what_it_left_out(drill, tmp_path):
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "timeline.jsonl").touch()
    said = drill("history", "--rebuild")
    assert f"0 runs are in the history of {tmp_path}" in said
    assert "left out: torn: " in said

"""What fits into a time box, by earlier runs, and what comes first."""

from pathlib import Path

import pytest

from harness.model import Verdict
from harness.scenario.load import load_scenario
from harness.timebox import Candidate, Estimate, candidate, declared_duration, plan_box
from tests.harness.test_history import row

SCENARIO = load_scenario(Path(__file__).parents[2] / "scenarios" / "vps-deploy-lock.yaml").scenario


def one(name, seconds, drilled=""):
    return Candidate(name, Estimate(seconds, seconds, "1 earlier run"), drilled)


def names(plan):
    return [each.name for each in plan.fits], [each.candidate.name for each in plan.left_out]


def test_the_longest_ago_comes_first_and_never_before_that():
    plan = plan_box([one("new", 10, "2026-11-20"), one("old", 10, "2026-10-01"), one("never", 10)], 100)
    assert names(plan) == (["never", "old", "new"], [])


def test_of_equals_the_order_given_stays():
    assert names(plan_box([one("b", 1), one("a", 1)], 100)) == (["b", "a"], [])


def test_what_does_not_fit_is_named_and_a_shorter_one_behind_it_still_runs():
    plan = plan_box([one("long", 60, "1"), one("longer", 70, "2"), one("short", 40, "3")], 100)
    assert names(plan) == (["long", "short"], ["longer"])
    assert plan.left_out[0].why == "needs 70.0 s, 40.0 s is left for it"
    assert not plan.left_out[0].never


def test_what_needs_more_than_the_whole_box_is_told_from_what_has_to_wait():
    plan = plan_box([one("huge", 101), one("all of it", 100), one("late", 1)], 100)
    assert names(plan) == (["all of it"], ["huge", "late"])
    assert [each.never for each in plan.left_out] == [True, False]
    assert plan.left_out[1].why == "needs 1.0 s, nothing is left for it"


def test_median_and_p95_of_whole_runs_with_the_same_changes():
    rows = [row(day, took=float(day)) for day in range(20, 0, -1)]
    others = [row(21, took=900.0, changes=("--set a=1",)), row(22, took=1.0, verdict=Verdict.INTERRUPTED)]
    found = candidate(SCENARIO, "naive", [*others, *rows])
    assert (found.estimate.median, found.estimate.p95, found.estimate.basis) == (10.5, 19.0, "20 earlier runs")
    assert candidate(SCENARIO, "naive", [*others, *rows], changes=("--set a=1",)).estimate.p95 == 900.0


def test_only_the_newest_twenty_runs_are_measured():
    rows = [row(2, took=10.0)] * 20 + [row(1, took=500.0)] * 20
    assert candidate(SCENARIO, "naive", rows).estimate.p95 == 10.0


def test_without_a_measurement_the_declared_times_are_the_estimate_and_it_says_so():
    found = candidate(SCENARIO, "naive", ())
    # provision 120, baseline 5, fault 20, and for two attempts settle 3, sustained 3, soak 8
    assert found.estimate.p95 == declared_duration(SCENARIO, "naive") == pytest.approx(173.0)
    assert declared_duration(SCENARIO, "prepared") == pytest.approx(159.0)
    assert "never measured" in found.estimate.basis
    assert found.drilled == ""


def test_a_run_that_was_cut_off_is_a_lower_bound_and_counts_for_the_rotation():
    cut = row(3, took=1700.0, verdict=Verdict.INTERRUPTED)
    found = candidate(SCENARIO, "naive", [cut])
    assert found.estimate.p95 == 1700.0
    assert found.drilled == cut.wall
    short = row(3, took=2.0, verdict=Verdict.INTERRUPTED)
    assert candidate(SCENARIO, "naive", [short]).estimate.p95 == pytest.approx(173.0)

"""What a step costs: counted by the team's own script, kept in the record, told in the report."""

import pytest

from harness.events import AttemptJudged, StepEnded
from harness.model import Cost, Phase
from harness.record import build_record
from harness.report.page import ladder
from harness.spi import Scope
from harness.steps.command import CommandStep
from tests.harness.runs import Drill
from tests.harness.test_checks import bench as bench

GOOD = '{"what": "rows repaired", "count": 66}'


def outcome(bench, tmp_path, line):
    (tmp_path / "run").mkdir(exist_ok=True)
    script = tmp_path / "repair.sh"
    script.write_text(f"#!/bin/sh\necho done\necho '{line}' >> \"$DRILL_COSTS\"\n")
    script.chmod(0o755)
    return CommandStep(run=["./repair.sh"], timeout=10).execute(bench, Scope({}))


def test_a_step_tells_what_it_cost(bench, tmp_path):
    assert outcome(bench, tmp_path, GOOD).costs == (Cost(what="rows repaired", count=66),)


@pytest.mark.parametrize("line", ["66 rows", '{"what": "rows repaired"}', '{"what": "rows", "count": -1}'])
def test_a_line_that_is_no_cost_is_said_and_fails_nothing(bench, tmp_path, line):
    result = outcome(bench, tmp_path, line)
    assert (result.ok, result.costs) == (True, ())
    assert "$DRILL_COSTS: expected" in result.output and line in result.output


def test_a_step_that_tells_nothing_costs_nothing(bench, tmp_path):
    assert outcome(bench, tmp_path, "").costs == ()


def test_the_report_says_what_each_rung_cost(tmp_path):
    told = StepEnded(
        step="merge",
        phase=Phase.ATTEMPT,
        attempt=2,
        ok=True,
        took=1.0,
        costs=(Cost(what="rows repaired", count=1066),),
    )
    judged = AttemptJudged(
        attempt=2, name="merge", rung="other", recovered=True, acted=1.5, converged=1, summary="", writes_lost=3
    )
    record = build_record(Drill(extra=((43.0, told), (48.0, judged))).write(tmp_path))
    assert [rung[2] for rung in ladder(record)] == ["broken", "recovered"]
    assert ladder(record)[1][3] == "1,066 rows repaired, 3 acknowledged writes lost"
    assert ladder(record)[0][3] == "not counted"

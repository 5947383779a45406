"""The calls of a step: none is lost, repetitions are one row, and the parts of its time add up."""

import re

from harness.model import Phase
from harness.record import CallRecord, StepRecord
from harness.report.calls import calls, calls_explained, calls_summary


def call(started, took, action="DescribeServices", **more):
    values = {"service": "ecs", "resource": "shop", "status": 200, **more}
    return CallRecord(started=started, took=took, action=action, **values)


def step(*made, took=8.0):
    return StepRecord(step="rollback.sh", phase=Phase.ATTEMPT, attempt=1, started=100.0, took=took, calls=made)


POLLED = step(
    call(101.0, 0.5), call(102.0, 1.0, "UpdateService"), call(104.0, 0.25), call(105.0, 0.25), call(106.0, 0.5)
)


def test_repetitions_are_one_row_in_the_order_of_the_calls():
    assert [(row.started, row.name, row.took) for row in calls(POLLED)] == [
        (1.0, "ecs:DescribeServices", 0.5),
        (2.0, "ecs:UpdateService", 1.0),
        (4.0, "ecs:DescribeServices, 3 times", 1.0),
    ]


def test_the_parts_of_the_time_add_up_to_the_step():
    said = calls_explained(POLLED)
    assert said == (
        "The step's 8.0 s: 1.0 s until the first call, 2.5 s in calls, "
        "3.0 s between calls (starting a client again, polling), 1.5 s after the last one."
    )
    whole, *parts = (float(number) for number in re.findall(r"(\d+\.\d) s", said))
    assert sum(parts) == whole


def test_calls_side_by_side_are_not_counted_twice():
    assert calls_summary(step(call(101.0, 2.0), call(102.0, 2.0), took=4.0)) == "2 API calls, 3.0 s of 4.0 s"


def test_an_error_a_cut_and_who_gave_them():
    refused = call(101.0, 0.1, status=400, error="ClientException: inactive", by="rule x (https://docs)")
    cut = call(102.0, 0.1, status=None, error="connection cut", by="sabotage cut:ecs:*")
    assert [(row.answer, row.by) for row in calls(step(refused, cut))] == [
        ("400 ClientException: inactive", "rule x (https://docs)"),
        ("connection cut", "sabotage cut:ecs:*"),
    ]


def test_a_step_that_never_ended_claims_nothing():
    assert "never ended" in calls_explained(step(call(101.0, 1.0), took=None))

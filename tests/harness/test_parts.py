"""Steps that have parts, as a workflow has: how the record keeps them and the report shows them."""

from harness.events import ApiCalled, StepEnded, StepStarted
from harness.model import Phase
from harness.record import build_record
from harness.report.markdown import render_markdown
from harness.report.page import silent_failure
from harness.report.trace import spans
from tests.harness.runs import Drill

IN = {"phase": Phase.ATTEMPT, "attempt": 1}
PART = {**IN, "part_of": "rollback.yml"}


def run(tmp_path, *more):
    events = (
        (26.7, StepStarted(step="rollback.yml", command="act push", **IN)),
        (26.8, StepStarted(step="smoke / Smoke", **PART)),
        (26.9, StepEnded(step="smoke / Smoke", ok=False, took=0.1, output="500", log="logs/07-smoke.log", **PART)),
        (27.0, StepStarted(step="rollback / Roll back", **PART)),
        *more,
    )
    return build_record(Drill(extra=events).write(tmp_path))


ENDED = (27.9, StepEnded(step="rollback.yml", ok=True, exit_code=0, took=1.2, **IN))


def test_parts_belong_to_their_step_and_one_that_never_ended_says_so(tmp_path):
    record = run(tmp_path, ENDED)
    parts = [(each.step, each.ok, each.log) for each in record.attempts[0].steps if each.part_of == "rollback.yml"]
    assert parts == [("smoke / Smoke", False, "logs/07-smoke.log"), ("rollback / Roll back", None, "")]
    text = render_markdown(record, None)
    assert "| attempt 1 | ↳ `smoke / Smoke` | failed | 100 ms |" in text
    assert "| attempt 1 | ↳ `rollback / Roll back` | never ended | unknown |" in text
    assert "attempt 1 · smoke / Smoke: output, whole in logs/07-smoke.log" in text


def test_a_failed_part_of_a_step_that_succeeded_is_no_failed_command(tmp_path):
    assert "exited 0 (rollback.sh, rollback.yml)" in silent_failure(run(tmp_path, ENDED))


def test_a_call_belongs_to_the_part_that_ran(tmp_path):
    call = ApiCalled(service="releases", action="GET", status=200, took=0.01)
    record = run(tmp_path, (27.1, call), ENDED)
    assert [each.step for each in record.steps if each.calls] == ["rollback / Roll back"]


def test_in_a_trace_a_part_is_inside_of_its_step(tmp_path):
    made = {each.name: each for each in spans(run(tmp_path, ENDED))}
    assert made["smoke / Smoke"].parent.span_id == made["rollback.yml"].context.span_id

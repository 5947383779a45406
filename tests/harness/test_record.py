"""The record is a fold: whatever was written down is in it, and nothing else is needed."""

import json
from pathlib import Path

import jsonschema
import pytest

from harness.errors import UsageProblem
from harness.events import (
    CheckDone,
    Failed,
    InterruptedBy,
    Noted,
    PhaseEnded,
    PhaseStarted,
    VerdictReached,
)
from harness.model import CheckResult, Outcome, Phase, Verdict
from harness.record import RECOVERY_TIME, RunRecord, build_record, record_schema, write_run_json
from harness.report.data import SCHEMA_FILE
from harness.timeline import Timeline, read_timeline
from tests.harness.runs import LEFT, Drill


def test_a_whole_run(tmp_path):
    record = build_record(Drill().write(tmp_path))
    assert [(each.number, each.name, each.rung, each.recovered) for each in record.attempts] == [
        (1, "previous task definition", "rollback", False),
        (2, "forward-fix migration", "forward-fix", True),
    ]
    assert [(step.step, step.exit_code) for step in record.attempts[0].steps] == [("rollback.sh", 0)]
    assert [finding.mode for finding in record.attempts[0].findings] == ["D3"]
    assert (record.attempts[0].residue, len(record.attempts[1].residue or ())) == ((), 1)
    assert record.residue == record.attempts[1].residue
    assert record.outage is not None
    assert (record.outage.first_bad, record.outage.recovered, record.outage.duration) == (19.0, 41.0, 22.0)
    assert {each.layer: each.keys for each in record.compared} == {"schema": 1, "tasks": 2}
    assert (record.requests.failed, record.requests.total) == (440, 701)
    metrics = {each.name: (each.value, each.budget, each.within) for each in record.metrics}
    assert metrics == {
        "time to detect": (3.1, 60.0, True),
        "time to decide": (0.1, None, None),
        "attempt 1": (7.4, None, None),
        "attempt 2": (7.4, None, None),
        "recovery time": (22.0, 300.0, True),
        "requests failed": (440 / 701, None, None),
        "writes lost": (0.0, 0.0, True),
        "how late the probe sent at worst": (0.0, None, None),
    }
    assert [each.count for each in (record.latency.before, record.latency.during, record.latency.after)] == [
        140,
        440,
        261,
    ]


def test_what_fails_after_the_watch_is_not_the_drills_outage(tmp_path):
    calm = build_record(Drill(bad=(53.9, 60.0), extra=((53.8, PhaseStarted(phase=Phase.VERDICT)),)).write(tmp_path))
    assert calm.outage is None


@pytest.mark.parametrize("until", [0.0, 0.2, 5.0, 9.0, 14.0, 18.5, 21.0, 23.0, 31.0, 37.0, 48.0, 54.05])
def test_a_run_killed_at_any_moment_is_interrupted_and_keeps_what_is_known(tmp_path, until):
    record = build_record(Drill(until=until).write(tmp_path))
    assert (record.verdict, record.took <= until) == (Verdict.INTERRUPTED, True)
    assert "without a verdict" in record.reasons[0]
    assert len(record.attempts) == sum(until >= began for began in (22.2, 36.0))
    assert record.metric(RECOVERY_TIME).within in (None, True), "cut short inside its budget is not over it"


def test_every_prefix_of_a_timeline_is_a_run(tmp_path):
    whole = (Drill().write(tmp_path / "whole") / "timeline.jsonl").read_bytes()
    start = whole.index(b"\n") + 1
    for size in range(start, len(whole), 97):
        folder = tmp_path / "cut"
        folder.mkdir(exist_ok=True)
        (folder / "timeline.jsonl").write_bytes(whole[:size])
        assert build_record(folder).verdict == Verdict.INTERRUPTED


def test_a_line_torn_inside_a_character_is_left_out(tmp_path):
    file = Drill(until=5.0).write(tmp_path) / "timeline.jsonl"
    whole = file.read_bytes()
    file.write_bytes(whole + '{"kind":"noted","text":"→'.encode()[:-1])
    assert build_record(tmp_path).took == 0.4


def test_the_next_writer_does_not_lose_its_first_event_to_a_torn_line(tmp_path):
    file = Drill(until=5.0).write(tmp_path) / "timeline.jsonl"
    file.write_bytes(file.read_bytes() + b'{"kind":"noted","te')
    watchdog = Timeline(file, anchor=0.0)
    watchdog.write(InterruptedBy(by="the death of the run's process"))
    watchdog.write(LEFT)
    watchdog.close()
    record = build_record(tmp_path)
    assert (record.interrupted_by, len(record.left_behind)) == ("the death of the run's process", 1)
    assert "in phase provision" in record.reasons[0]


def test_separators_inside_text_do_not_end_a_line(tmp_path):
    timeline = Timeline(tmp_path / "t", anchor=0.0)
    timeline.write(Noted(text="a\u2028b\u0085c"))
    timeline.close()
    assert [event.text for event in read_timeline(tmp_path / "t")] == ["a\u2028b\u0085c"]


def test_a_damaged_line_in_the_middle_is_named(tmp_path):
    file = Drill().write(tmp_path) / "timeline.jsonl"
    lines = file.read_bytes().split(b"\n")
    lines[3] = b"{broken"
    file.write_bytes(b"\n".join(lines))
    with pytest.raises(UsageProblem, match=r"timeline\.jsonl:4"):
        build_record(tmp_path)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(UsageProblem, match="expected a run folder"):
        build_record(tmp_path)
    (tmp_path / "timeline.jsonl").touch()
    with pytest.raises(UsageProblem, match=r"run\.started"):
        build_record(tmp_path)


def test_a_timeline_of_another_format_is_refused(tmp_path):
    file = Drill().write(tmp_path) / "timeline.jsonl"
    file.write_text(file.read_text().replace('"format":1', '"format":2'))
    with pytest.raises(UsageProblem, match="expected event format 1, got 2"):
        build_record(tmp_path)


def test_writing_the_report_is_no_part_of_the_record(tmp_path):
    """A report is written while its phase goes on; rendered again later it has to be the same."""
    written = Drill(extra=((60.0, PhaseStarted(phase=Phase.REPORT)),)).write(tmp_path / "then")
    later = (
        (60.0, PhaseStarted(phase=Phase.REPORT)),
        (61.0, Noted(text="reporter 'otel' failed")),
        (62.0, PhaseEnded(phase=Phase.REPORT, ok=True)),
    )
    assert build_record(Drill(extra=later).write(tmp_path / "later")) == build_record(written)


def test_the_first_error_stays_the_cause(tmp_path):
    first = Failed(phase=Phase.PROVISION, error="ProvisionProblem", message="first", next_step="look")
    then = Failed(phase=Phase.TEARDOWN, error="EnvironmentProblem", message="second")
    record = build_record(Drill(extra=((5.0, first), (5.1, then)), until=5.2).write(tmp_path))
    assert (record.verdict, record.error.message, record.error.next_step) == (Verdict.ERROR, "first", "look")


def test_the_last_answer_of_a_check_counts(tmp_path):
    red = CheckResult(name="read an order", outcome=Outcome.FAIL, expected="200", seen="500")
    record = build_record(Drill(extra=((41.0, CheckDone(purpose="verify", attempt=2, result=red)),)).write(tmp_path))
    assert [check.outcome for check in record.verify_checks(2)] == [Outcome.PASS]


def test_the_verdict_on_the_timeline_stands(tmp_path):
    said = VerdictReached(verdict=Verdict.FAILED, reasons=("Because.",))
    record = build_record(Drill(extra=((54.05, said), (54.3, InterruptedBy(by="SIGINT")))).write(tmp_path))
    assert (record.verdict, record.reasons, record.interrupted_by) == (Verdict.FAILED, ("Because.",), "SIGINT")


def test_a_lost_snapshot_or_request_log_costs_only_itself(tmp_path):
    folder = Drill(requests=False).write(tmp_path)
    (folder / "S0.json").unlink()
    record = build_record(folder)
    assert (record.compared, record.outage, record.writes) == ((), None, None)
    assert len(record.attempts) == 2


@pytest.mark.parametrize("options", [{}, {"until": 37.0}, {"until": 0.0}, {"requests": False}, {"fired": False}])
def test_run_json_keeps_to_the_shipped_schema(tmp_path, options):
    record = write_run_json(Drill(**options).write(tmp_path))
    written = json.loads((tmp_path / "run.json").read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA_FILE.read_text())).validate(written)
    assert RunRecord.model_validate(written) == record
    assert not [file for file in Path(tmp_path).iterdir() if file.name.startswith(".run.json")]


def test_the_shipped_schema_is_the_models(tmp_path):
    assert SCHEMA_FILE.read_text() == record_schema()


def test_a_recovery_that_the_traffic_cannot_see_lasts_until_its_attempt_has_acted(tmp_path):
    """The traffic is good from second 30 on, attempt 2 begins at 36.0 and acts for 4.4 s: a queue was still bad."""
    record = build_record(Drill(bad=(19.0, 30.0)).write(tmp_path / "run"))
    second = record.attempts[1]
    metric = record.metric(RECOVERY_TIME)
    assert record.outage.duration == pytest.approx(11.0)
    assert metric.value == pytest.approx(second.started + second.acted - 19.0)
    assert metric.note == "the traffic was good after 11.0 s; what it does not reach came back later"


def test_a_recovery_during_the_last_attempt_is_the_traffics_own(tmp_path):
    metric = build_record(Drill().write(tmp_path / "run")).metric(RECOVERY_TIME)
    assert (metric.value, metric.note) == (pytest.approx(22.0), "")

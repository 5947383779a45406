"""What a message says, from records of runs and answers of a gate."""

from pathlib import Path

import pytest

from harness.events import LeftBehind, ReleaseResolved, VerdictReached
from harness.gate.judgement import Judged, State
from harness.model import Verdict
from harness.notify.drills import Drilled, gate_result, link_to, result, started
from harness.notify.message import message, said
from harness.record import build_record
from tests.harness.runs import Drill

RELEASES = tuple(
    (0.3, ReleaseResolved(role=role, release=version, version=version))
    for role, version in (("good", "v1"), ("bad", "v2"))
)


@pytest.fixture
def told(tmp_path):
    def of(verdict=Verdict.FAILED, *, reasons=("Recovery was too slow.",), extra=(), **drill):
        events = (*RELEASES, *extra, (54.05, VerdictReached(verdict=verdict, reasons=reasons)))
        return result(build_record(Drill(extra=events, **drill).write(tmp_path / "run")), "https://ci.example/1")

    return of


def test_a_result_names_verdict_version_operator_recovery_time_finding_and_report(told):
    message = told()
    assert message.title == "FAILED: rollback drill ecs-bad-migration, path naive"
    assert message.body.splitlines() == [
        "verdict: failed: Recovery was too slow.",
        "scenario: ecs-bad-migration, path naive",
        "version: good v1, bad v2",
        "operator: kim",
        "recovery time: 22.0 s, budget 5 min",
        "first finding: D3 the old release cannot read the changed schema",
        "run: 2026-11-22T21-04-11Z-7f3a",
        "report: https://ci.example/1",
    ]


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.PASSED, "success"),
        (Verdict.FAILED, "failure"),
        (Verdict.ERROR, "failure"),
        (Verdict.INCONCLUSIVE, "warning"),
        (Verdict.INTERRUPTED, "warning"),
    ],
)
def test_the_kind_of_a_message_is_that_of_the_verdict(told, verdict, kind):
    message = told(verdict)
    assert (message.kind, message.title.split(":")[0]) == (kind, verdict.value.upper())


@pytest.mark.parametrize(
    ("drill", "line"),
    [
        ({"rto": 10.0}, "recovery time: 22.0 s, over the budget 10.0 s"),
        ({"bad": (19.0, 99.0)}, "recovery time: users were not served well again, budget 5 min"),
        ({"bad": (99.0, 99.0)}, "recovery time: not measured, budget 5 min"),
        ({"requests": False}, "recovery time: not measured, budget 5 min"),
    ],
)
def test_recovery_time_stands_against_its_budget(told, drill, line):
    assert line in told(**drill).body.splitlines()


def test_a_changed_run_and_what_it_left_are_said(told):
    left = (54.2, LeftBehind(resource="container db", reason="it stays"))
    lines = told(extra=(left,), changes=("--without fault",)).body.splitlines()
    assert {"left behind: container db", "changed for this run: --without fault"} <= set(lines)


def test_a_start_says_what_is_drilled_and_that_nothing_is_judged():
    message = started(Drilled("run1", "shop", "naive", "v1", "v2", "kim", 60.0))
    assert message.title == "STARTED: rollback drill shop, path naive"
    assert message.body.splitlines() == [
        "verdict: none yet, the drill has started",
        "scenario: shop, path naive",
        "version: good v1, bad v2",
        "operator: kim",
        "recovery time: budget 1 min",
        "run: run1",
    ]


def test_a_gate_says_what_is_open_and_why():
    met = Judged(scenario="shop", path="prepared", state=State.MET, reason="passed 2 h ago")
    stale = Judged(scenario="site", path="prepared", state=State.STALE, reason="passed 41 d ago, the limit is 30 d")
    assert gate_result([met], "kim").title == "MET: rollback gate, 1 of 1 requirements are met"
    message = gate_result([met, stale], "kim")
    assert (message.title, message.kind) == ("NOT MET: rollback gate, 1 of 2 requirements are met", "failure")
    assert message.body.splitlines() == [
        "verdict: not met, 1 of 2 requirements are met",
        "operator: kim",
        "site, path prepared: stale, passed 41 d ago, the limit is 30 d",
    ]
    assert gate_result([stale] * 13, "kim").body.splitlines()[-1] == "more: 3"


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("v1\noperator: mallory", "version: v1 operator: mallory"),
        ("v1\r\nBcc: all@example.org", "version: v1 Bcc: all@example.org"),
        ("v1\u2028operator: mallory", "version: v1 operator: mallory"),
        ("\x1b[31mv1\x1b[0m", "version: v1"),
        ("@here v1", "version: @\u2060here v1"),
        ("x" * 400, f"version: {'x' * 299}…"),
    ],
)
def test_a_value_stays_on_its_line_and_calls_nobody(value, line):
    hostile = message(value, [("version", value), ("operator", "kim@example.org")])
    assert hostile.body.splitlines() == [line, "operator: kim@example.org"]
    assert f"version: {hostile.title}" == line


@pytest.mark.parametrize(
    ("status", "kind"),
    [("success", "success"), ("Failure", "failure"), ("failed", "failure"), ("cancelled", "warning"), ("odd", "info")],
)
def test_what_a_script_says_has_the_kind_of_its_status(status, kind):
    assert said("Rollback", [("version", "v1"), ("status", status)]).kind == kind


def test_a_report_is_named_by_address_or_by_path():
    folder = Path("/work/reports/run1")
    assert link_to("", folder) == "/work/reports/run1/report.md"
    assert link_to("https://ci.example/runs/", folder) == "https://ci.example/runs/run1/report.md"

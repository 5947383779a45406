"""Every way a run can be judged, from timelines as a run writes them."""

from dataclasses import replace

import pytest

from harness.errors import ExitCode
from harness.events import ApiCalled, CheckDone, Failed, InterruptedBy, PhaseStarted
from harness.model import CheckResult, Outcome, Phase, ResidueClass, ResidueRow, Verdict
from harness.record import build_record
from harness.verdict import exit_code, judge
from tests.harness.runs import D3, Attempt, Drill, naive

OPEN = CheckResult(name="stock", outcome=Outcome.UNKNOWN, expected="0", seen="database gone")
RED = CheckResult(name="read an order", outcome=Outcome.FAIL, expected="200", seen="500")
CLEAN = Attempt("previous task definition", "rollback", True)
BROKEN, REMEDY = naive()
CHANGED = ResidueRow(
    layer="data",
    key="orders.total_cents checksum",
    before="a858fa8d03b5",
    after="gone",
    residue_class=ResidueClass.LOST_OR_CHANGED_DATA,
)
OTHER = D3.model_copy(update={"mode": "unclassified"})
GOOD_PATH = {"expected": "clean", "declared": (), "attempts": [CLEAN], "bad": (19.0, 27.0)}
FAILED_STEP = Failed(phase=Phase.PROVISION, error="ProvisionProblem", message="postgres did not answer within 60 s")
FAILED_TEARDOWN = Failed(phase=Phase.TEARDOWN, error="EnvironmentProblem", message="engine gone")

CASES = {
    "naive path as declared": ({}, "passed", "recovery took 22.0 s, the limit is 5 min"),
    "clean path": (
        GOOD_PATH,
        "passed",
        "Attempt 1 (previous task definition) recovered the users; recovery took 8.0 s",
    ),
    "over the RTO": ({"rto": 1.0}, "failed", "Recovery took 22.0 s, the limit is 1.0 s"),
    "exactly the RTO": ({"rto": 22.0}, "passed", "recovery took 22.0 s, the limit is 22.0 s"),
    "no remedy": ({"attempts": [BROKEN], "bad": (19.0, 99.0)}, "failed", "Nothing recovered the users"),
    "remedy fails too": (
        {"attempts": [BROKEN, replace(REMEDY, recovered=False, checks=(RED,))], "bad": (19.0, 99.0)},
        "failed",
        "attempt 2 (forward-fix migration) was the last of 2",
    ),
    "checks recover, users do not": ({"bad": (19.0, 99.0)}, "failed", "the request log does not end with 99.5% good"),
    "fault does not fire": ({"fired": False, "bad": (99.0, 99.0)}, "inconclusive", "The fault did not fire"),
    "fault does not fire, RTO of a second": ({"fired": False, "rto": 1.0}, "inconclusive", "The fault did not fire"),
    "fault never judged": ({"fired": None}, "inconclusive", "never judged whether the bad release does harm"),
    "not steady": ({"baseline_ok": False}, "inconclusive", "never steady before the bad release: 80.0 % good in 5 s"),
    "unknown in the baseline": (
        {"extra": ((11.0, CheckDone(purpose="baseline", result=OPEN)),)},
        "inconclusive",
        "stock: expected 0, saw database gone",
    ),
    "nobody noticed": ({"detected": False}, "failed", "Nobody noticed the outage"),
    "noticed too late": ({"detect_budget": 2.0}, "failed", "Detection took 3.1 s, the limit is 2.0 s"),
    "too many requests failed": (
        {"failed_budget": 0.5},
        "failed",
        "62.8 % of the requests failed (440 of 701), the limit is 50.0 %",
    ),
    "few enough requests failed": ({"failed_budget": 0.7}, "passed", "Requests failed: 62.8 %, the limit is 70.0 %"),
    "writes lost": ({"lost": 3}, "failed", "3 of 90 acknowledged writes are lost, the limit is 0"),
    "rows of the baseline changed": (
        {"attempts": [BROKEN, replace(REMEDY, residue=(CHANGED,))]},
        "failed",
        "Data of the good release is lost or changed: orders.total_cents checksum",
    ),
    "rows of the baseline changed, and the path accepts it": (
        {"attempts": [BROKEN, replace(REMEDY, rung="accept the loss", residue=(CHANGED,))]},
        "passed",
        "recovery took 22.0 s",
    ),
    "writes lost within the RPO": (
        {"lost": 3, "rpo": 3},
        "passed",
        "3 of 90 acknowledged writes are lost, the limit is 3",
    ),
    "lost writes not counted": (
        {"lost": None},
        "inconclusive",
        "it could not be counted how many of them are lost: no SQL",
    ),
    "lost writes never asked for": ({"counted": False}, "inconclusive", "could not be counted"),
    "not counted and over the RTO": ({"lost": None, "rto": 1.0}, "failed", "Recovery took 22.0 s"),
    "no request log": ({"requests": False}, "inconclusive", "recovery time is unknown"),
    "declared broken, comes out clean": (
        {**GOOD_PATH, "expected": "broken", "declared": ("D3",)},
        "failed",
        "teaches nothing any more",
    ),
    "declared clean, breaks": (
        {"expected": "clean", "declared": ()},
        "failed",
        "declared clean, and it was broken with D3",
    ),
    "declared finding missing": ({"declared": ("D3", "E4")}, "failed", "E4 was not seen"),
    "undeclared finding": (
        {"attempts": [replace(BROKEN, findings=(D3, OTHER)), REMEDY]},
        "failed",
        "not declared: unclassified",
    ),
    "another finding instead": (
        {"attempts": [replace(BROKEN, findings=(OTHER,)), REMEDY]},
        "failed",
        "D3 was not seen",
    ),
    "finding in the attempt that recovered": (
        {"attempts": [BROKEN, replace(REMEDY, findings=(D3.model_copy(update={"attempt": 2}),))]},
        "failed",
        "recovered the users, but something broke in it: D3",
    ),
    "unknown check after recovery": (
        {"attempts": [BROKEN, replace(REMEDY, checks=(OPEN,))]},
        "inconclusive",
        "a check could not be answered: stock",
    ),
    "unknown check, nothing else against the only attempt": (
        {**GOOD_PATH, "attempts": [replace(CLEAN, recovered=False, checks=(OPEN,))]},
        "inconclusive",
        "could not be judged",
    ),
    "unknown check in a first attempt": (
        {"attempts": [replace(BROKEN, findings=(), checks=(OPEN,)), REMEDY]},
        "inconclusive",
        "Attempt 1",
    ),
    "failing check after recovery": (
        {"attempts": [BROKEN, replace(REMEDY, checks=(RED,))]},
        "failed",
        "although a check failed",
    ),
    "attempt never judged": ({"attempts": [BROKEN, replace(REMEDY, judged=False)]}, "inconclusive", "was never judged"),
    "noticed, nothing attempted": ({"attempts": []}, "inconclusive", "no attempt to recover was made"),
    "interrupted": ({"extra": ((30.0, InterruptedBy(by="SIGTERM")),)}, "interrupted", "ended by SIGTERM"),
    "interrupted in the phase that it had got to": (
        {
            "extra": ((8.0, InterruptedBy(by="SIGTERM")), (8.1, PhaseStarted(phase=Phase.VERDICT))),
            "until": 8.2,
        },
        "interrupted",
        "ended by SIGTERM in phase release good,",
    ),
    "interrupted wins over what it caused": (
        {"extra": ((30.0, InterruptedBy(by="SIGTERM")), (30.1, FAILED_STEP)), "until": 31.0},
        "interrupted",
        "ended by SIGTERM",
    ),
    "environment broke": (
        {"extra": ((6.0, FAILED_STEP),), "until": 6.5},
        "error",
        "postgres did not answer within 60 s",
    ),
    "teardown broke": ({"extra": ((54.2, FAILED_TEARDOWN),)}, "passed", "recovery took 22.0 s"),
}


@pytest.mark.parametrize(("options", "verdict", "said"), CASES.values(), ids=CASES.keys())
def test_judge(tmp_path, options, verdict, said):
    seen, reasons = judge(build_record(Drill(**options).write(tmp_path)))
    assert (seen, said in " ".join(reasons)) == (Verdict(verdict), True), reasons


def test_the_weightiest_reason_comes_first(tmp_path):
    _, reasons = judge(build_record(Drill(lost=None, rto=1.0, detect_budget=1.0).write(tmp_path)))
    assert [reason.split()[0] for reason in reasons] == ["Recovery", "Detection", "90"]


def test_every_reason_is_a_sentence(tmp_path):
    for number, (options, _, _) in enumerate(CASES.values()):
        _, reasons = judge(build_record(Drill(**options).write(tmp_path / str(number))))
        for reason in reasons:
            assert reason[0].isupper() or reason[0].isdigit() or "Problem in phase" in reason, reason
            assert reason.endswith((".", "60 s")), reason


def test_exit_codes_cover_every_verdict():
    assert {verdict.value: exit_code(verdict) for verdict in Verdict} == {
        "passed": ExitCode.PASSED,
        "failed": ExitCode.FAILED,
        "inconclusive": ExitCode.INCONCLUSIVE,
        "interrupted": ExitCode.INTERRUPTED,
        "error": ExitCode.ENVIRONMENT,
    }


SABOTAGE = "sabotage deny:ecs:UpdateService"


def sabotaged(tmp_path, by):
    called = ApiCalled(service="ecs", action="UpdateService", status=400, took=0.1, by=by)
    record = build_record(
        Drill(**GOOD_PATH, changes=(f"--{SABOTAGE}",), extra=((22.5, called),)).write(tmp_path / "run")
    )
    return judge(record)


def test_a_sabotage_that_met_no_call_proves_nothing(tmp_path):
    verdict, reasons = sabotaged(tmp_path, by="")
    assert verdict == "inconclusive"
    assert reasons == (f"The {SABOTAGE} met no call of the first attempt, so the path was not tried against it.",)


def test_a_path_that_recovers_in_spite_of_the_sabotage_passes(tmp_path):
    assert sabotaged(tmp_path, by=SABOTAGE)[0] == "passed"

"""Reporter ``junit``: ``junit.xml`` for CI servers; suite is the scenario, case is the path."""

from __future__ import annotations

from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from harness.model import Verdict
from harness.record import RECOVERY_TIME, RunRecord, replace_text
from harness.report.escape import plain

JUNIT_FILE = "junit.xml"


def write_junit(record: RunRecord, folder: Path) -> None:
    """Write ``junit.xml``. Raises OSError."""
    report = JUnitXml()
    report.add_testsuite(_suite(record))
    report.update_statistics()  # type: ignore[no-untyped-call]
    text: bytes = report.tostring()  # type: ignore[no-untyped-call]
    replace_text(folder / JUNIT_FILE, text.decode("utf-8"))


def _suite(record: RunRecord) -> TestSuite:
    suite = TestSuite(plain(record.scenario))
    suite.timestamp = record.wall
    recovery = record.metric(RECOVERY_TIME).value
    properties = {
        "verdict": str(record.verdict),
        "recovery_time_s": "" if recovery is None else f"{recovery:.3f}",
        "rto_s": f"{record.budgets.rto:g}",
        "run": record.run,
        "commit": record.commit,
    }
    for name, value in properties.items():
        suite.add_property(name, plain(value))
    suite.add_testcase(_case(record))
    return suite


def _case(record: RunRecord) -> TestCase:
    case = TestCase(plain(record.path), classname=plain(record.scenario), time=record.took)
    result = _result(record)
    if result is not None:
        case.result = [result]
    return case


def _result(record: RunRecord) -> Failure | Error | None:
    if record.verdict == Verdict.PASSED:
        return None
    # CI servers treat a skipped case as good news; a rollback that was not proven is none.
    kind = Failure if record.verdict in (Verdict.FAILED, Verdict.INCONCLUSIVE) else Error
    message = plain(record.reasons[0]) if record.reasons else str(record.verdict)
    result = kind(message, str(record.verdict))
    result.text = plain("\n".join(record.reasons))
    return result

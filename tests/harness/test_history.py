"""The history: one row a run, what it says, and that an edited record is told from an untouched one."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import EnvironmentProblem
from harness.history import HISTORY_FILE, HistoryRow, append, edited, read
from harness.model import Verdict
from harness.report import write_report
from harness.timeline import VerdictReached
from tests.harness.runs import Attempt, Drill


def row(number, **changes):
    return HistoryRow(
        **{
            "run": f"r{number}",
            "scenario": "s",
            "path": "naive",
            "verdict": Verdict.PASSED,
            "wall": f"2026-11-{number:02d}T00:00:00.000+00:00",
            "took": 40.0,
            "rto": 300,
            "rpo": 0,
            "commit": "c",
            "operator": "o",
            "digest": "d",
            **changes,
        }
    )


def test_rows_come_back_whole_and_newest_first(tmp_path):
    old = row(1, changes=("--set a=1",), findings=("D3", "V1"), recovery=12.5, first_attempt_clean=False, writes_lost=0)
    append(tmp_path, old)
    append(tmp_path, row(2))
    assert read(tmp_path) == (row(2), old)


def test_one_scenario_and_path_and_a_limit(tmp_path):
    for each in (row(1), row(2, path="prepared"), row(3, scenario="t"), row(4)):
        append(tmp_path, each)
    assert [each.run for each in read(tmp_path, scenario="s", path="naive")] == ["r4", "r1"]
    assert [each.run for each in read(tmp_path, limit=1)] == ["r4"]


def test_the_same_run_again_replaces_its_row(tmp_path):
    append(tmp_path, row(1, verdict=Verdict.INTERRUPTED))
    append(tmp_path, row(1))
    assert read(tmp_path) == (row(1),)


def test_no_history_is_an_empty_one_and_is_not_made_by_looking(tmp_path):
    assert read(tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_many_writers_lose_nothing(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: append(tmp_path, row(number)), range(1, 31)))
    assert len(read(tmp_path)) == 30


def test_a_broken_file_is_said_with_the_way_out(tmp_path):
    (tmp_path / HISTORY_FILE).write_text("no database, but long enough to be read as one " * 30)
    with pytest.raises(EnvironmentProblem, match=HISTORY_FILE) as problem:
        read(tmp_path)
    assert "--rebuild" in problem.value.next_step
    assert isinstance(problem.value.__cause__, sqlite3.Error)


RUN = "2026-11-22T21-04-11Z-7f3a"
JUDGED = ((54.05, VerdictReached(verdict=Verdict.PASSED, reasons=("recovered",))),)


def test_a_reported_run_is_in_the_history(tmp_path):
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    (found,) = read(tmp_path)
    assert (found.run, found.verdict, found.findings, found.first_attempt_clean) == (RUN, "passed", ("D3",), False)
    assert (found.recovery, found.writes_lost, found.rto) == (pytest.approx(22.0), 0, 300.0)


def test_a_clean_first_attempt_and_one_that_never_was(tmp_path):
    clean = [Attempt("previous task definition", "rollback", True)]
    write_report(Drill(expected="clean", declared=(), attempts=clean).write(tmp_path / RUN))
    assert read(tmp_path)[0].first_attempt_clean is True
    write_report(Drill(fired=False).write(tmp_path / "again" / RUN))
    assert read(tmp_path / "again")[0].first_attempt_clean is None


def test_an_edited_record_is_told_from_an_untouched_and_a_missing_one(tmp_path):
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    (found,) = read(tmp_path)
    assert edited(tmp_path, found) is False
    file = tmp_path / RUN / "run.json"
    file.write_text(file.read_text().replace('"passed"', '"failed"'))
    assert edited(tmp_path, found) is True
    file.write_bytes(b"\xff")
    assert edited(tmp_path, found) is True
    file.unlink()
    assert edited(tmp_path, found) is None

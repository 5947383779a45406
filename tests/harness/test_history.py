"""The history: one row a run, what it says, and that an edited record is told from an untouched one."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from harness.errors import EnvironmentProblem
from harness.events import VerdictReached
from harness.history import HISTORY_FILE, HistoryRow, append, edited, read, rebuild
from harness.ledger import RunLock
from harness.model import Verdict
from harness.report import write_report
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


def test_the_newest_of_each_path_that_count(tmp_path):
    for each in (row(1), row(2), row(3), row(4, changes=("--set a=1",)), row(5, verdict="inconclusive")):
        append(tmp_path, each)
    append(tmp_path, row(6, path="prepared", verdict="failed"))
    assert [each.run for each in read(tmp_path, each=2)] == ["r6", "r3", "r2"]
    assert [each.run for each in read(tmp_path, each=2, path="naive", limit=1)] == ["r3"]


@pytest.mark.parametrize("column", ["verdict", "wall", "findings"])
def test_a_row_that_no_run_wrote_is_said_with_the_way_out(tmp_path, column):
    append(tmp_path, row(1))
    with closing(sqlite3.connect(tmp_path / HISTORY_FILE)) as store, store:
        store.execute(f"UPDATE runs SET {column} = 'splendid'")
    with pytest.raises(EnvironmentProblem, match=HISTORY_FILE) as problem:
        read(tmp_path)
    assert "--rebuild" in problem.value.next_step


def test_a_rebuilt_history_is_the_one_that_was_lost(tmp_path):
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    before = read(tmp_path)
    (tmp_path / HISTORY_FILE).unlink()
    assert rebuild(tmp_path).rows == 1
    assert read(tmp_path) == before
    assert edited(tmp_path, before[0]) is False


def test_a_rebuild_makes_no_edited_record_good(tmp_path):
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    file = tmp_path / RUN / "run.json"
    file.write_text(file.read_text().replace('"title": "', '"title": "Not '))  # in no column of the row
    rebuild(tmp_path)
    assert edited(tmp_path, read(tmp_path)[0]) is True
    file.write_text(file.read_text().replace('"verdict": "passed"', '"verdict": "failed"'))
    (tmp_path / HISTORY_FILE).unlink()
    rebuild(tmp_path)
    (found,) = read(tmp_path)
    assert (found.verdict, edited(tmp_path, found)) == ("passed", True)


def test_an_untouched_run_whose_timeline_went_on_after_its_report_is_not_edited(tmp_path):
    folder = Drill(extra=JUDGED).write(tmp_path / RUN)
    write_report(folder)
    with (folder / "timeline.jsonl").open("a") as timeline:
        timeline.write('{"at":60.0,"kind":"phase.ended","phase":"report","ok":true,"summary":"passed"}\n')
    (tmp_path / HISTORY_FILE).unlink()
    rebuild(tmp_path)
    (found,) = read(tmp_path)
    assert (found.took, edited(tmp_path, found)) == (54.1, False)


def test_a_rebuild_keeps_gone_runs_and_leaves_out_living_and_unreadable_ones(tmp_path):
    append(tmp_path, row(1))
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    Drill().write(tmp_path / "alive")
    lock = RunLock(tmp_path / "alive")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "timeline.jsonl").touch()
    done = rebuild(tmp_path)
    lock.release()
    assert {each.run for each in read(tmp_path)} == {"r1", RUN}
    assert [each.split(":")[0] for each in done.skipped] == ["alive", "empty"]


def test_a_store_that_cannot_be_read_is_put_aside(tmp_path):
    write_report(Drill(extra=JUDGED).write(tmp_path / RUN))
    (tmp_path / HISTORY_FILE).write_text("no database, but long enough to be read as one " * 30)
    done = rebuild(tmp_path)
    assert done.aside.read_text().startswith("no database")
    assert [each.run for each in read(tmp_path)] == [RUN]

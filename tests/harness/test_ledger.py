"""The undo ledger: what is open is known whatever happened to the writer, and a living run is never reaped."""

import subprocess
import sys

from harness.ledger import Ledger, RunLock, Undo, dead_run, open_entries


def undo(what):
    return Undo(kind="path", what=what, params={"path": f"/nowhere/{what}"})


def names(folder):
    return [entry.undo.what for entry in open_entries(folder)]


def test_open_entries_come_newest_first_and_without_the_undone(tmp_path):
    ledger = Ledger(tmp_path)
    first = ledger.plan(undo("first"))
    ledger.plan(undo("second"))
    ledger.plan(undo("third"))
    ledger.done(first)
    assert names(tmp_path) == ["third", "second"]


def test_an_entry_is_on_disk_before_plan_returns(tmp_path):
    Ledger(tmp_path).plan(undo("network"))
    assert '"what":"network"' in (tmp_path / "ledger.jsonl").read_text()


def test_a_torn_last_line_is_a_resource_that_was_never_created(tmp_path):
    Ledger(tmp_path).plan(undo("network"))
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"op":"planned","entry":2,"undo":{"kind":"pa')
    assert names(tmp_path) == ["network"]


def test_what_is_planned_after_a_torn_line_is_not_lost(tmp_path):
    Ledger(tmp_path).plan(undo("network"))
    with (tmp_path / "ledger.jsonl").open("a") as file:
        file.write('{"op":"planned","entry":2,"undo":{"kind":"pa')
    Ledger(tmp_path).plan(undo("by the next \u2028 writer"))
    assert names(tmp_path) == ["by the next \u2028 writer", "network"]


def test_a_second_writer_goes_on_with_new_numbers(tmp_path):
    entry = Ledger(tmp_path).plan(undo("first"))
    again = Ledger(tmp_path).plan(undo("second"))
    assert (entry.number, again.number) == (1, 2)


def test_no_ledger_means_nothing_is_open(tmp_path):
    assert open_entries(tmp_path) == []


def test_a_run_is_dead_exactly_when_its_process_is(tmp_path):
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from harness.ledger import RunLock\n"
            "lock = RunLock(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()",
            str(tmp_path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        with dead_run(tmp_path) as dead:
            assert dead is False
        holder.kill()
        holder.wait()
        with dead_run(tmp_path) as dead:
            assert dead is True
    finally:
        holder.kill()
        holder.communicate()


def test_two_reapers_never_work_on_one_run(tmp_path):
    RunLock(tmp_path).release()
    with dead_run(tmp_path) as first, dead_run(tmp_path) as second:
        assert (first, second) == (True, False)

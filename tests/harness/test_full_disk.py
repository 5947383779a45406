"""A disk that takes no more stops a run, and not its teardown. The kernel refuses here by a file size limit."""

import resource
from contextlib import contextmanager

import pytest

from harness.errors import EnvironmentProblem
from harness.events import Noted
from harness.ledger import Ledger, Undo, open_entries
from harness.timeline import Timeline

UNDO = Undo(kind="path", what="a folder", params={"path": "/nowhere"})


@contextmanager
def no_room():
    """No file of this process can grow."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_timeline_complains_once_and_listeners_go_on(tmp_path):
    timeline, heard = Timeline(tmp_path / "timeline.jsonl", anchor=0.0), []
    timeline.listen(lambda event: heard.append(event.text))
    with no_room():
        with pytest.raises(EnvironmentProblem, match=r"cannot write .*timeline.jsonl: File too large"):
            timeline.write(Noted(text="first"))
        timeline.write(Noted(text="second"))
    assert heard == ["first", "second"]


def test_nothing_may_be_created_that_could_not_be_written_down(tmp_path):
    ledger = Ledger(tmp_path)
    with no_room(), pytest.raises(EnvironmentProblem, match="File too large"):
        ledger.plan(UNDO)


def test_undoing_goes_on_where_it_cannot_be_written_down(tmp_path):
    ledger = Ledger(tmp_path)
    entry = ledger.plan(UNDO)
    with no_room():
        ledger.done(entry)
    assert open_entries(tmp_path) == [entry]  # a reaper will find it gone

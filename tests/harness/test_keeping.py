"""Kept stacks: they outlive whoever made them, and go only when nobody uses them."""

import subprocess
import sys
import textwrap

import pytest

from harness.errors import EnvironmentProblem, UsageProblem
from harness.kept import borrow, kept_folder, kept_stacks
from harness.ledger import Undo, dead_run, open_entries
from harness.limits import wait_until
from harness.reap import reap_run
from harness.runner import keeping


@pytest.fixture
def thing(tmp_path, monkeypatch):
    """A folder that stands for a stack; its keeper is registered as `thing`."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = tmp_path / "thing"

    def make(run):
        run.ledger.plan(Undo(kind="path", what="the thing", params={"path": str(made)}))
        made.mkdir()
        return "a thing"

    def fail(run):
        make(run)
        raise EnvironmentProblem("no room for the rest of it")

    monkeypatch.setattr(keeping, "registered", lambda _group: {"thing": make, "half": fail})
    return made


def test_what_is_kept_outlives_reapers_and_goes_when_it_is_dropped(thing):
    kept = keeping.keep("thing", print)
    assert (kept.value, [each.name for each in kept_stacks()]) == ("a thing", ["thing"])
    assert keeping.keep("thing", print) == kept
    assert reap_run(kept_folder("thing")) is None
    assert thing.exists()
    assert "the thing" in keeping.drop("thing")
    assert not thing.exists()
    assert kept_stacks() == []
    assert not kept_folder("thing").exists()


def test_a_stack_in_use_is_not_dropped(thing):
    keeping.keep("thing", print)
    code = "import sys; from harness.kept import borrow; print(borrow('thing'), flush=True); sys.stdin.read()"
    user = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdout.readline().strip() == str(kept_folder("thing"))
    with pytest.raises(EnvironmentProblem, match="a drill is using"):
        keeping.drop("thing")
    assert thing.exists()
    user.communicate()
    keeping.drop("thing")
    assert not thing.exists()


def test_half_a_stack_is_removed_at_once(thing):
    with pytest.raises(EnvironmentProblem, match="no room"):
        keeping.keep("half", print)
    assert not thing.exists()
    assert kept_stacks() == []
    assert borrow("half") is None


def test_what_a_killed_maker_left_is_removed_by_its_watchdog(thing, tmp_path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from harness.ledger import Undo
        from harness.runner import keeping

        def die(run):
            run.ledger.plan(Undo(kind="path", what="the thing", params={"path": sys.argv[1]}))
            Path(sys.argv[1]).mkdir()
            os.kill(os.getpid(), signal.SIGKILL)

        keeping.registered = lambda _group: {"thing": die}
        keeping.keep("thing", print)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), str(thing)], check=False)
    assert wait_until(lambda: None if open_entries(kept_folder("thing")) else True, 30)
    assert not thing.exists()
    assert keeping.keep("thing", print).value == "a thing"


def test_a_kept_stack_is_no_dead_run(thing):
    keeping.keep("thing", print)
    with dead_run(kept_folder("thing")) as dead:
        assert not dead


def test_names_that_nobody_knows(thing):
    with pytest.raises(UsageProblem, match="'tea' can be kept"):
        keeping.keep("tea", print)
    with pytest.raises(UsageProblem, match="'tea' is kept"):
        keeping.drop("tea")

"""What a series of drills answers, and that it names what it did not run; the runs are records made before."""

import os
import signal
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import series
from harness.cli.app import main
from harness.cli.common import load
from harness.events import InterruptedBy, VerdictReached
from harness.history import append
from harness.model import Verdict
from harness.record import build_record
from harness.runner.machine import TIME_BOX
from tests.harness.runs import Drill
from tests.harness.test_history import row

DRILLS = ["vps-deploy-lock", "vps-opcache"]


def code_of(done):
    """An exit code that a command chose is what click gives back; the console script hands it to the shell."""
    return done.exit_code or done.return_value or 0


@pytest.fixture
def ends(tmp_path, monkeypatch):
    """Say how the next runs end: a verdict, or who stops it."""
    started = []

    def how(*ways):
        waiting = list(ways)

        def rehearse(drill, _asked):
            started.append(drill.name)
            way = waiting.pop(0)
            if way == "signal":
                os.kill(os.getpid(), signal.SIGTERM)
            by = "" if isinstance(way, Verdict) else way
            event = InterruptedBy(by=by) if by else VerdictReached(verdict=way, reasons=("so",))
            folder = tmp_path / f"run{len(started)}"
            return build_record(Drill(extra=((53.9, event),)).write(folder)), by

        monkeypatch.setattr(series, "rehearse", rehearse)
        return started

    return how


@pytest.fixture
def run(tmp_path):
    runs = tmp_path / "runs"
    runs.mkdir()
    for number, name in enumerate(DRILLS, start=1):
        append(runs, row(number, scenario=name, path="prepared", took=100.0 * number))

    def call(*arguments):
        return CliRunner().invoke(main, ["run", *DRILLS, "--path", "prepared", "--runs", str(runs), *arguments])

    return call


@pytest.mark.parametrize(
    ("box", "ways", "code", "said"),
    [
        ("10m", [Verdict.PASSED, Verdict.PASSED], 0, "time box: "),
        ("10m", [Verdict.PASSED, Verdict.FAILED], 1, "time box: "),
        # 5 min for both, and these runs take no time: what did not fit by plan is started after all
        ("5m", [Verdict.PASSED, Verdict.PASSED], 0, "vps-opcache prepared: does not fit, needs 3 min 20 s, 2 min 20 s"),
        ("3m", [Verdict.PASSED], 2, "not run: vps-opcache prepared: needs 3 min 20 s, the whole box has 2 min"),
        ("3m", [Verdict.FAILED], 1, "not run: vps-opcache prepared: needs 3 min 20 s, the whole box has 2 min"),
        ("90s", [], 2, "not run: vps-deploy-lock prepared: needs 1 min 40 s"),
        ("10m", [TIME_BOX], 2, "not run: vps-opcache prepared: stopped by the time box"),
        ("10m", ["SIGTERM"], 130, "not run: vps-opcache prepared: stopped by SIGTERM"),
        ("10m", ["signal"], 130, "not run: vps-opcache prepared: stopped by SIGTERM"),
    ],
)
def test_the_exit_code_of_a_time_box(ends, run, box, ways, code, said):
    started = ends(*ways)
    done = run("--time-box", box)
    assert (code_of(done), len(started)) == (code, len(ways)), done.output
    assert said in " ".join(done.output.replace("100.0 s", "1 min 40 s").split())


def test_a_series_without_a_box_names_what_a_signal_kept_it_from(ends, run):
    ends("Ctrl-C")
    done = run()
    assert code_of(done) == 130
    assert "not run: vps-opcache prepared: stopped by Ctrl-C" in done.output


def test_a_box_that_is_all_reserve_is_a_usage_error(ends, run):
    done = run("--time-box", "1m")
    assert done.exit_code == 3
    assert "used up by its reserve for teardown, 1 min" in done.output


def test_without_a_scenario_and_a_box_nothing_is_asked_for():
    assert CliRunner().invoke(main, ["run"]).exit_code == 3


def test_what_was_drilled_longest_ago_comes_first_whatever_the_order_given(ends, run):
    started = ends(Verdict.PASSED, Verdict.PASSED)
    DRILLS.reverse()
    try:
        run("--time-box", "10m")
    finally:
        DRILLS.reverse()
    assert started == ["vps-deploy-lock prepared", "vps-opcache prepared"]


def test_a_box_chooses_from_every_scenario_and_path_where_none_is_named(ends, tmp_path):
    ends()
    done = CliRunner().invoke(main, ["run", "--time-box", "62s", "--runs", str(tmp_path / "none")])
    assert code_of(done) == 2
    named = {f"{file.stem} " for file in Path("scenarios").glob("*.yaml")}
    assert all(f"not run: {name}" in done.output for name in named)


def test_nothing_is_started_that_cannot_end_in_what_is_left(ends, tmp_path, capsys):
    started = ends(Verdict.PASSED)
    drills = [series.Drill(load(Path("scenarios") / f"{name}.yaml"), "prepared") for name in DRILLS]
    asked = series.Asked(tmp_path, until=time.monotonic() + 60)
    longest = {"vps-deploy-lock prepared": 70.0, "vps-opcache prepared": 50.0}
    assert series._Series(asked, longest).run(drills) == 0
    assert started == ["vps-opcache prepared"]
    assert "not run: vps-deploy-lock prepared: needs 70.0 s, " in capsys.readouterr().out

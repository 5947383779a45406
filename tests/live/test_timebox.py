"""A time box on real stacks, and a drill as a pytest item."""

import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from harness.history import HistoryRow, append
from harness.model import Verdict
from tests.live.conftest import ROOT, SHORT, leftovers

FIRST, SECOND = "vps-deploy-lock", "vps-dirty-checkout"


def remember(runs, scenario, took):
    runs.mkdir()
    settings = tuple(f"--set {each}" for each in SHORT[1::2])
    append(
        runs,
        HistoryRow(
            run="earlier",
            scenario=scenario,
            path="prepared",
            changes=settings,
            verdict=Verdict.PASSED,
            wall="2026-01-01T00:00:00.000+00:00",
            took=took,
            rto=300,
            rpo=0,
            commit="c",
            operator="o",
            digest="d",
        ),
    )


def test_a_run_that_outlives_its_box_is_torn_down_and_the_rest_is_named(start, tmp_path):
    remember(tmp_path / "runs0", FIRST, 3.0)  # so short that the box lets it begin
    drill = start(FIRST, SECOND, "--path", "prepared", *SHORT, "--time-box", "66s")
    assert drill.end() == 2, drill.output
    assert f"  1. {FIRST} prepared: 3.0 s by 1 earlier run; last drilled 2026-01-01T00:00" in drill.output
    assert drill.record["interrupted_by"] == "the time box"
    assert drill.leftovers() == []
    assert f"not run: {SECOND} prepared: needs" in drill.output
    assert len(list(drill.runs.glob("*/timeline.jsonl"))) == 1


def test_sigterm_in_a_teardown_starts_nothing_more(start):
    drill = start(FIRST, SECOND, "--path", "prepared", *SHORT, "--time-box", "10m")
    drill.reach("teardown")
    drill.send(signal.SIGTERM)
    assert drill.end() == 130, drill.output
    [left_out] = [line for line in drill.output.splitlines() if line.startswith(f"not run: {SECOND} prepared")]
    assert left_out.endswith(": stopped by SIGTERM")
    assert len(list(drill.runs.glob("*/timeline.jsonl"))) == 1


def test_pytest_runs_a_drill_and_its_junit_file_says_how_it_went(tmp_path):
    pytest = Path(sys.executable).with_name("pytest")
    junit, runs = tmp_path / "junit.xml", tmp_path / "runs"
    chosen = ["scenarios/", "-k", "vps-deploy-lock and prepared"]
    done = subprocess.run(
        [pytest, *chosen, "--junitxml", junit, "--drill-runs", runs],
        cwd=ROOT,
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (case,) = ElementTree.parse(junit).iter("testcase")
    said = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert (said["scenario"], said["path"], said["verdict"]) == ("vps-deploy-lock", "prepared", "passed")
    assert float(said["recovery_time_s"]) > 0
    (folder,) = (each.parent for each in runs.glob("*/run.json"))
    assert leftovers(folder) == []

"""``drill summary``, in process: what it writes where."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.summary import summary_command
from harness.errors import UsageProblem
from tests.harness.runs import Drill

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    Drill().write(tmp_path / "runs" / "2026-11-22T21-04-11Z-7f3a")
    Drill().write(tmp_path / "runs" / "2026-11-22T21-05-11Z-7f3b")
    return tmp_path / "runs"


def call(*arguments: object):
    return CliRunner().invoke(
        summary_command, [str(each) for each in arguments], catch_exceptions=False, standalone_mode=False
    )


def test_for_people_it_prints_pages(runs):
    assert call("last", "--runs", runs).output.count("# Rollback drill: ecs-bad-migration") == 1


def test_for_github_it_appends_to_the_step_s_files_and_prints_verdicts_first(runs, monkeypatch, tmp_path):
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name).write_text("before\n")
    said = call("2026-11-22T21-04", "last", "--runs", runs, "--github").output.splitlines()
    assert ["path naive" in line for line in said] == [True, True, False, False]
    assert all(line.startswith("::error file=scenarios/ecs-bad-migration.yaml,line=") for line in said)
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("before\n# Rollback drill")
    assert summary.count("```mermaid") == 2
    assert (tmp_path / "GITHUB_OUTPUT").read_text().startswith("before\nverdict<<")


def test_a_scenario_outside_of_the_workspace_is_named_without_a_place(runs, monkeypatch, tmp_path):
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    said = call("last", "--runs", runs, "--github").output
    assert said.startswith("::error title=ecs-bad-migration%2C path naive%3A ")


def test_outside_of_github_it_says_so(runs):
    with pytest.raises(UsageProblem, match="GITHUB_STEP_SUMMARY"):
        call("last", "--runs", runs, "--github")

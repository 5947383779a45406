"""What `pytest` sees of scenarios, and that it sees nothing where nobody asked. No stack is started here."""

import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.cli import series
from harness.errors import ExitCode
from harness.events import VerdictReached
from harness.model import Verdict
from harness.record import build_record
from tests.harness.runs import LEFT, Drill

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
HEAD = "[pytest]\naddopts = --strict-markers -p no:cacheprovider\n"


@pytest.fixture
def project(pytester):
    """A project with two scenarios, a YAML file of another kind, and a test of its own."""
    pytester.makeini(HEAD)
    folder = pytester.mkdir("scenarios")
    for name in ("vps-deploy-lock", "ecs-bad-migration"):
        text = (ROOT / "scenarios" / f"{name}.yaml").read_text()
        (folder / f"{name}.yaml").write_text(text.replace("workdir: ../drills", f"workdir: {ROOT}/drills"))
    (folder / "compose.yaml").write_text("services: {}\n")
    pytester.makepyfile(test_own="def test_own(): pass")
    return pytester


def collected(project, *arguments):
    done = project.runpytest_inprocess("--collect-only", "-q", *arguments)
    return [line for line in done.outlines if "::" in line]


DRILLS = [
    f"scenarios/{name}.yaml::{path}"
    for name in ("ecs-bad-migration", "vps-deploy-lock")
    for path in ("naive", "prepared")
]


def test_a_project_that_merely_has_drill_is_left_alone(project):
    assert collected(project) == ["test_own.py::test_own"]
    assert collected(project, ".") == ["test_own.py::test_own"]


def test_nothing_of_the_engine_is_imported_before_somebody_asks(project):
    early = "{'harness.errors', 'harness.cli', 'pydantic'}"
    project.makepyfile(test_own=f"import sys\ndef test_own(): assert not {early} & set(sys.modules)")
    project.runpytest_subprocess().assert_outcomes(passed=1)


@pytest.mark.parametrize("arguments", [["scenarios"], ["scenarios/"], ["--drills", "scenarios"]])
def test_each_scenario_and_path_is_an_item(project, arguments):
    assert collected(project, *arguments) == DRILLS


def test_with_the_option_scenarios_anywhere_below_are_found(project):
    assert collected(project, "--drills") == [*DRILLS, "test_own.py::test_own"]


def test_a_file_and_a_path_can_be_named(project):
    assert collected(project, "scenarios/vps-deploy-lock.yaml") == DRILLS[2:]
    assert collected(project, "scenarios/vps-deploy-lock.yaml::prepared") == DRILLS[3:]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["-k", "vps-deploy-lock and prepared"], DRILLS[3:]),
        (["-k", "lambda or vps"], DRILLS[2:]),
        (["-k", "V6"], DRILLS[2:]),
        (["-m", "symlink"], DRILLS[2:]),
        (["-m", "not symlink"], DRILLS[:2]),
    ],
)
def test_names_modes_and_labels_choose(project, arguments, found):
    assert collected(project, "scenarios", *arguments) == found


def test_an_invalid_scenario_is_said_with_line_and_key_and_no_traceback(project):
    file = project.path / "scenarios" / "vps-deploy-lock.yaml"
    file.write_text(file.read_text().replace("rpo: 0", "rpo: none"))
    done = project.runpytest_inprocess("scenarios")
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*vps-deploy-lock.yaml:*: budgets.rpo: expected *"])
    done.stdout.no_fnmatch_line("*Traceback*")
    done.stdout.no_fnmatch_line("*ScenarioProblem*")


@pytest.fixture
def ended(project, tmp_path, monkeypatch):
    """Make drills end with a record that was made before: judging is what is looked at here, not running."""

    def how(drill, stopped_by=""):
        record = build_record(drill.write(Path(tempfile.mkdtemp(dir=tmp_path))))
        monkeypatch.setattr(series, "rehearse", lambda *_: (record, stopped_by))
        return record

    return how


def run(project, *arguments):
    return project.runpytest_inprocess("scenarios/vps-deploy-lock.yaml", "--junitxml=junit.xml", *arguments)


def judged(verdict, reason):
    return ((53.9, VerdictReached(verdict=verdict, reasons=(reason,))),)


def test_what_the_drill_found_is_a_failure_with_verdict_reasons_and_report(project, ended):
    record = ended(Drill(extra=judged(Verdict.FAILED, "recovery took 22 s, the limit is 1 s")))
    done = run(project, "-x")
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(
        ["FAILED", "  recovery took 22 s, the limit is 1 s", f"  report: *reports/{record.run}/report.md"]
    )
    done.stdout.no_fnmatch_line("*Traceback*")
    cases = ElementTree.parse(project.path / "junit.xml").iter("property")
    assert {each.get("name"): each.get("value") for each in cases} == {
        "scenario": "vps-deploy-lock",
        "path": "naive",
        "verdict": "failed",
        "recovery_time_s": "22.000",
    }


def test_inconclusive_is_a_failure_and_passed_is_none(project, ended):
    ended(Drill(extra=judged(Verdict.INCONCLUSIVE, "the fault did not fire")))
    run(project).assert_outcomes(failed=2)
    ended(Drill(extra=judged(Verdict.PASSED, "recovered")))
    run(project).assert_outcomes(passed=2)


def test_what_the_environment_broke_is_an_error(project, ended):
    ended(Drill(extra=(*judged(Verdict.PASSED, "recovered"), (54.2, LEFT))))
    done = run(project)
    done.assert_outcomes(errors=2)
    done.stdout.fnmatch_lines(["*left behind: container drill-7f3a-db*"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_an_interrupted_drill_ends_the_session(project, ended):
    ended(Drill(until=30.0), stopped_by="Ctrl-C")
    done = run(project)
    assert done.ret == ExitCode.INCONCLUSIVE == pytest.ExitCode.INTERRUPTED
    done.stdout.fnmatch_lines(["*vps-deploy-lock.yaml::naive: interrupted by Ctrl-C*"])


def test_what_failed_last_runs_again(project, ended):
    ended(Drill(fired=False))
    project.makeini("[pytest]\n")
    run(project, "-k", "naive").assert_outcomes(failed=1)
    run(project, "--lf", "--collect-only", "-q").stdout.fnmatch_lines(["*::naive", "1/2 tests collected*"])


def test_two_workers_run_drills_for_real_as_far_as_a_host_without_an_engine_lets_them(project, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    done = project.runpytest_subprocess("scenarios/vps-deploy-lock.yaml", "-n", "2", "--drill-runs", "runs")
    done.assert_outcomes(errors=2)
    done.stdout.fnmatch_lines(["*no container engine answers*"])
    done.stdout.no_fnmatch_line("*Traceback*")
    assert len(list((project.path / "runs").glob("*/report.md"))) == 2

"""The step `workflow`: real workflow files, run by the real act on this host."""

from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.events import StackFact, StepEnded, StepStarted
from harness.model import Phase
from harness.redact import Redactor
from harness.sabotages.approval_missing import ApprovalMissing
from harness.spi import Bench, Place, Run, Scope
from harness.steps.github import OtherRuns, Wait, in_the_queue
from harness.steps.workflow import STEP_MARKER, WorkflowStep
from harness.steps.workflow_file import read_workflow
from harness.timeline import Timeline, read_timeline
from tests.harness.test_checks import Stack

SCOPE = Scope({"good": {"version": "v1"}})
ROLLBACK = """
name: Rollback
on:
  workflow_dispatch:
    inputs:
      version: {type: string, default: ""}
      reason: {type: string, required: true}
      where: {type: choice, options: [one, both], default: one}
      dry: {type: boolean, default: false}
  push: {branches: [main]}
concurrency: production
jobs:
  rollback:
    runs-on: ubuntu-24.04
    environment: production
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
      - name: Roll back
        env: {VERSION: "${{ inputs.version }}"}
        run: ./roll.sh
      - name: Tell
        if: always()
        run: 'echo "status: ${{ job.status }}"'
"""


class Bed:
    """A team's repository and a bench that runs steps in it."""

    def __init__(self, tmp_path: Path, secrets: dict[str, str] | None = None) -> None:
        self.root = tmp_path / "shop"
        self.root.mkdir()
        self.folder = tmp_path / "run"
        self.folder.mkdir()
        scratch = tmp_path / "scratch"
        scratch.mkdir()
        redactor = Redactor()
        for value in (secrets or {}).values():
            redactor.add(value)
        self.timeline = Timeline(self.folder / "timeline.jsonl", anchor=0.0, clean=redactor.clean)
        run = Run("r1", self.folder, scratch, self.timeline, None, redactor, None, None, None)
        place = Place("roll back", Phase.ATTEMPT, 1)
        self.bench = Bench(run, Stack(), {}, self.root, secrets or {}, place=place)
        self.file("roll.sh", '#!/bin/sh\necho "to <$VERSION>"; echo "$VERSION" > "$STATE"\n')
        self.state = tmp_path / "state"

    def file(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def run(self, text: str = ROLLBACK, **fields):
        self.file(".github/workflows/w.yml", text)
        fields.setdefault("timeout", 30)
        env = {"STATE": str(self.state), **fields.pop("env", {})}
        return WorkflowStep(file=".github/workflows/w.yml", env=env, **fields).execute(self.bench, SCOPE)

    def events(self, kind):
        return [each for each in read_timeline(self.folder / "timeline.jsonl") if isinstance(each, kind)]

    def parts(self):
        return {each.step: each.ok for each in self.events(StepEnded)}

    def facts(self):
        return {each.name: each.value for each in self.events(StackFact) if each.simulated}


@pytest.fixture
def bed(tmp_path):
    return Bed(tmp_path)


def jobs(*steps: str, more: str = "") -> str:
    lines = "".join(f"      - {each}\n" for each in steps)
    return f"on: workflow_dispatch\n{more}jobs:\n  one:\n    runs-on: ubuntu-latest\n    steps:\n{lines}"


def test_each_step_of_the_workflow_is_a_part_with_its_time_and_log(bed):
    done = bed.run(inputs={"version": "{{ good.version }}", "reason": "drill"})
    assert (done.ok, done.exit_code, bed.state.read_text()) == (True, 0, "v1\n"), done.output
    started = [(each.step, each.part_of, each.attempt) for each in bed.events(StepStarted)]
    names = ["rollback / actions/checkout@v4", "rollback / Roll back", "rollback / Tell"]
    assert started == [(name, "roll back", 1) for name in names]
    ended = {each.step: each for each in bed.events(StepEnded)}
    assert (ended[names[1]].output, ended[names[2]].output) == ("to <v1>", "status: success")
    assert all(0 < each.took < done.took for each in ended.values())
    assert (bed.folder / ended[names[1]].log).read_text() == "to <v1>\n"
    assert "--input version=v1 --input reason=drill" in done.command


def test_what_nobody_plays_is_said(bed):
    bed.run(inputs={"reason": "drill"})
    assert bed.facts().keys() == {
        "workflow runner",
        ".github/workflows/w.yml: concurrency",
        ".github/workflows/w.yml: environment production of job rollback",
        ".github/workflows/w.yml: timeout-minutes of job rollback",
    }


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({}, "input 'reason' is required and was not given"),
        ({"reason": ""}, "input 'reason' is required and was not given"),
        ({"reason": "x", "where": "three"}, "input 'where' is 'three', and may be one, both"),
        ({"reason": "x", "dry": "yes"}, "input 'dry' is 'yes', and may be true or false"),
        ({"reason": "x", "Version": "v1"}, "input 'Version' is not one of the workflow's: version, reason, where, dry"),
    ],
)
def test_inputs_that_github_refuses_are_refused_and_nothing_has_run(bed, inputs, said):
    done = bed.run(inputs=inputs)
    assert (done.ok, done.exit_code, done.output.splitlines()) == (False, 1, [said, "nothing has run"])
    assert not bed.state.exists() and bed.parts() == {}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"event": "push"}, "the workflow is not started by push, but by workflow_dispatch"),
        ({"job": "two"}, "there is no job 'two', only one"),
        ({"succeeds": ["two"]}, "there is no job 'two', only one"),
        ({"map": {"acme/roll@v1": "nowhere"}}, "`map` names nowhere for acme/roll@v1, and there is no such folder"),
    ],
)
def test_a_step_that_asks_for_what_is_not_there_is_refused(bed, fields, said):
    done = bed.run(jobs("run: echo x"), **fields)
    assert (done.ok, done.output.splitlines()) == (False, [said, "nothing has run"])


def test_a_workflow_that_is_no_yaml_is_refused_in_the_runner_s_words(bed):
    done = bed.run(jobs('run: echo "to: ${{ job.status }}": now'))
    assert not done.ok and "workflow is not valid" in done.output
    assert "mapping values are not allowed in this context" in done.output


def test_without_a_check_out_there_is_no_script(bed):
    done = bed.run(jobs("{name: Roll back, run: ./roll.sh}"))
    assert not done.ok
    assert "one / Roll back: exit status 127" in done.output and "./roll.sh: No such file or directory" in done.output


def test_an_action_of_somebody_else_is_refused_or_stood_for_visibly(bed):
    text = jobs("{uses: acme/roll/deep@v1, with: {to: v1}}")
    assert "acme/roll/deep@v1 cannot be fetched in a drill" in bed.run(text).output
    action = "inputs: {to: {}}\nruns:\n  using: composite\n  steps:\n"
    action += (
        '    - {shell: bash, run: echo "$TO", env: {TO: "${{ inputs.to }}"}}\n    - {shell: bash, run: echo two}\n'
    )
    bed.file("mapped/deep/action.yml", f"name: x\ndescription: x\n{action}")
    done = bed.run(text, map={"acme/roll@v1": "mapped"})
    assert done.ok, done.output
    assert bed.facts()["action acme/roll@v1"] == "the local folder mapped stands for it"
    (part,) = bed.events(StepEnded)  # the steps of a composite action are its own affair
    assert (part.step, part.output) == ("one / acme/roll/deep@v1", "v1\ntwo")


AUTOMATIC = """
on: {push: {branches: [main]}}
jobs:
  smoke:
    runs-on: ubuntu-latest
    steps: [{name: Smoke, run: exit 3}]
  rollback:
    needs: smoke
    if: failure()
    runs-on: ubuntu-latest
    steps: [{name: Roll back, run: echo v1 > "$STATE"}]
  release:
    needs: smoke
    runs-on: ubuntu-latest
    steps: [{run: echo never}]
"""


def test_the_automatic_trigger_is_judged_by_the_jobs_that_have_to_succeed(bed):
    done = bed.run(AUTOMATIC, event="push", succeeds=["rollback"])
    assert (done.ok, done.exit_code, bed.state.read_text()) == (True, 0, "v1\n")
    assert bed.parts() == {"smoke / Smoke": False, "rollback / Roll back": True}
    assert done.output.splitlines() == ["job smoke: failure", "job rollback: success"]


def test_by_default_every_job_that_ran_has_to_succeed(bed):
    done = bed.run(AUTOMATIC, event="push")
    assert (done.ok, done.exit_code) == (False, 1)
    assert "smoke / Smoke: exit status 3" in done.output


def test_a_job_that_has_to_succeed_has_to_run(bed):
    done = bed.run(AUTOMATIC, event="push", succeeds=["rollback", "release"])
    assert not done.ok and done.output.endswith("job release did not run, and has to succeed")


def test_jobs_of_a_matrix_and_of_a_called_workflow_are_told_apart(bed):
    bed.file(".github/workflows/called.yml", jobs("run: exit 1").replace("workflow_dispatch", "workflow_call"))
    text = jobs("run: test ${{ matrix.host }} != b", more="name: m\n").replace(
        "    runs-on", "    strategy: {fail-fast: false, matrix: {host: [a, b]}}\n    runs-on"
    )
    done = bed.run(f"{text}  two: {{uses: ./.github/workflows/called.yml}}\n")
    assert {each: ok for each, ok in bed.parts().items() if ok} == {"one (a) / test a != b": True}
    assert set(done.output.splitlines()) >= {
        "job one: failure",
        "job two: failure",
        "two / one / exit 1: exit status 1",
    }


def test_a_job_for_another_kind_of_runner_is_no_success(bed):
    done = bed.run(jobs("run: echo x").replace("ubuntu-latest", "windows-latest"))
    assert not done.ok and "job one wants a runner that this host is not" in done.output


def test_only_the_job_that_is_asked_for_runs(bed):
    text = jobs("run: echo 1 > $STATE") + "  two: {runs-on: ubuntu-latest, steps: [{run: exit 1}]}\n"
    assert bed.run(text, job="one").ok and bed.state.read_text() == "1\n"


def test_the_time_ends_everything_that_the_workflow_started(bed):
    text = jobs('{name: Hang, run: "setsid nohup sleep 1000 >/dev/null 2>&1 & sleep 1000"}')
    done = bed.run(text + "  two: {needs: one, runs-on: ubuntu-latest, steps: [{run: echo}]}\n", timeout=3)
    assert (done.ok, done.exit_code) == (False, None)
    assert done.output.splitlines() == ["one / Hang: never ended", "ended after 3.0 s, not begun: two"]
    assert [each.step for each in bed.events(StepStarted)] == ["one / Hang"] and bed.events(StepEnded) == []
    assert marked() == []


def test_what_a_job_leaves_behind_ends_with_it(bed):
    done = bed.run(jobs("run: setsid nohup sleep 1000 >/dev/null 2>&1 &"))
    assert done.ok and marked() == []


def marked():
    found = []
    for process in psutil.process_iter():
        try:
            found += [process.cmdline()] if STEP_MARKER in process.environ() else []
        except (psutil.Error, OSError):
            continue
    return [each for each in found if each and each[0] == "sleep"]


def test_it_runs_in_a_copy_that_is_gone_afterwards(bed):
    bed.file(".env", "LEAK=1")
    bed.file("cwd/.actrc", "--env LEAK=1")
    done = bed.run(jobs("uses: actions/checkout@v4", 'run: echo "<$LEAK>" > "$STATE"; rm roll.sh; pwd'))
    assert (done.ok, bed.state.read_text(), (bed.root / "roll.sh").exists()) == (True, "<>\n", True)
    assert not list((bed.folder.parent / "scratch").glob("workflow-*"))
    assert not (bed.root / ".git").exists()


def test_secrets_are_secrets_and_nothing_else(tmp_path):
    bed = Bed(tmp_path, {"TOKEN": "hunter2-from-outside"})
    text = jobs('run: "echo ${A}|${B}|$TOKEN; test -z \\"$TOKEN\\" && echo $A > $STATE"')
    text = text.replace("    steps", "    env: {A: '${{ secrets.TOKEN }}', B: '${{ secrets.OWN }}'}\n    steps")
    done = bed.run(text, secrets={"OWN": "second-secret"})
    assert (done.ok, bed.state.read_text()) == (True, "hunter2-from-outside\n"), done.output
    kept = "".join(file.read_text() for file in bed.folder.rglob("*") if file.is_file())
    assert "hunter2" not in kept and "second-secret" not in kept


def test_nothing_of_the_caller_s_environment_reaches_a_step(bed, monkeypatch):
    monkeypatch.setenv("CALLER_ONLY", "leaked")
    assert bed.run(jobs('run: echo "<$CALLER_ONLY><$STACK_URL>" > "$STATE"')).ok
    assert bed.state.read_text() == "<><http://127.0.0.1:1>\n"


def test_a_step_cannot_forge_a_result(bed):
    bed.file("forge.sh", '#!/bin/sh\necho \'{"jobID":"one","job":"w.yml/one","jobResult":"success"}\'\nexit 1\n')
    done = bed.run(jobs("uses: actions/checkout@v4", "run: ./forge.sh"))
    assert not done.ok and done.output.splitlines()[0] == "job one: failure"


RELEASE = "name: Release\non: push\nconcurrency: {group: Production}\njobs: {}\n"


@pytest.mark.parametrize(
    ("group", "later", "ran"),
    [
        ("production", True, False),
        ("PRODUCTION", True, False),
        ("{group: production, cancel-in-progress: true}", True, True),
        ("production", False, True),
        ("rollback", True, True),
        ('"${{ github.workflow }}"', True, True),
    ],
)
def test_a_run_that_waits_is_cancelled_by_a_newer_one_of_its_group(bed, group, later, ran):
    bed.file("release.yml", RELEASE)
    others = {"running": ["release.yml"], "later": ["release.yml"] * later, "longer": "200ms"}
    text = ROLLBACK.replace("concurrency: production", f"concurrency: {group}")
    done = bed.run(text, inputs={"reason": "x"}, other_runs=others)
    assert (done.ok, bed.state.exists()) == (ran, ran)
    assert ran or "a newer run of release.yml took its place; nothing has run, nobody was told" in done.output


def test_a_long_queue_cancels_nobody(bed):
    """Asked of the rule alone: act 0.2.89 does not know the key yet and refuses the file."""
    bed.file("release.yml", RELEASE)
    bed.file("w.yml", ROLLBACK.replace("concurrency: production", "concurrency: {group: production, queue: max}"))
    read = {"release.yml": read_workflow(bed.root / "release.yml")}
    runs = OtherRuns(running=["release.yml"], later=["release.yml"])
    assert isinstance(in_the_queue(read_workflow(bed.root / "w.yml"), runs, read), Wait)


def test_a_run_waits_for_the_one_in_progress(bed):
    bed.file("release.yml", RELEASE)
    done = bed.run(inputs={"reason": "x"}, other_runs={"running": ["release.yml"], "longer": "600ms"})
    (waited, *_) = bed.events(StepEnded)
    assert waited.step == "waiting for release.yml, the run in progress of concurrency group 'production'"
    assert done.ok and waited.ok and waited.took >= 0.6


def test_a_reviewer_is_waited_for_as_long_as_the_step_may(bed):
    done = bed.run(inputs={"reason": "x"}, reviewers={"production": "300ms"})
    assert done.ok and "waiting for job rollback: a reviewer of environment 'production'" in bed.parts()
    bed.state.unlink()
    done = bed.run(inputs={"reason": "x"}, reviewers={"production": None}, actor="kim", timeout=1)
    assert (done.ok, done.exit_code, bed.state.exists()) == (False, None, False)
    assert "nobody is there who may approve a run of kim's; nothing has run" in done.output
    assert bed.run(inputs={"reason": "x"}, reviewers={"staging": None}).ok


def test_where_nobody_approves_an_environment_waits_for_ever(bed):
    armed = ApprovalMissing().arm(None)
    bed.bench = replace(bed.bench, broken=armed.environment)
    done = bed.run(inputs={"reason": "x"}, actor="kim", timeout=1)
    assert (done.ok, done.exit_code, bed.state.exists()) == (False, None, False)
    assert "a reviewer of environment 'production'" in done.output
    assert bed.run(ROLLBACK.replace("environment: production", "name: no environment"), inputs={"reason": "x"}).ok

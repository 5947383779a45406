"""Sabotages: which apply, that they are always undone, what a run of trouble is worth."""

import os
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.errors import ScenarioProblem, TimeLimit, UsageProblem
from harness.events import SabotageEnded, SabotageStarted
from harness.limits import time_limit
from harness.model import Finding, Phase
from harness.record import RunRecord, build_record
from harness.redact import Redactor
from harness.report.markdown import render_markdown
from harness.resilience import plan
from harness.runner.acting import run_steps
from harness.runner.recovery import _was_stopped, attempts
from harness.runner.sabotaging import mend, sabotaged
from harness.sabotages import Armed, Ended, Saboteur, dice, saboteur, saboteurs
from harness.sabotages.api import ApiSaboteur
from harness.sabotages.concurrent_deploy import ConcurrentDeploy
from harness.sabotages.runner_killed import RunnerKilled
from harness.scenario.load import load_scenario
from harness.spi import Bench, Scope, StepOutcome
from harness.steps.command import CommandStep
from harness.verdict import judge
from tests.harness.runs import D3, Attempt, Drill
from tests.harness.scenario.conftest import SMALL

SCENARIOS = Path(__file__).parents[2] / "scenarios"
CLEAN = {"expected": "clean", "declared": ()}
M1 = Finding(mode="M1", title="no right", seen_at=30.0, attempt=1, check="step rollback.sh", evidence=("denied",))


class Broken(Saboteur):
    """Notes what is done to it."""

    name = "broken"
    breaks = "a thing"
    passes = True

    def __init__(self, name="broken", environment=None, undo=None, entry=""):
        self.name, self.done, self.environment, self._undo, self.entry = name, [], environment or {}, undo, entry

    def applies(self, scenario, path):
        return None

    def arm(self, site):
        self.done.append(site.dice.random())

        def undo():
            if self._undo:
                self._undo()
            self.done.append("undone")
            return Ended("mended")

        return Armed(f"{self.name} is broken", undo, self.environment, self.entry)


class Taken:
    """A platform or service that gives commands one variable."""

    def environment(self):
        return {"HOME_OF": "stack"}


def stack(tmp_path, **more):
    """A bench whose commands run here, and a run folder of its own."""
    run = SimpleNamespace(
        id="r1",
        folder=tmp_path,
        scratch=tmp_path,
        redactor=Redactor({}),
        environment=lambda extra: {"PATH": "/usr/bin:/bin", "DRILL_RUN": "r1", **extra},
    )
    return replace(Bench(run, Taken(), {}, tmp_path, {}), **more)


def session(tmp_path, *asked, own=(), seed=0):
    events = []
    return SimpleNamespace(
        attempt=1,
        again=False,
        broken=ExitStack(),
        scenario=None,
        own_sabotages=own,
        options=SimpleNamespace(sabotages=asked, seed=seed, path="prepared"),
        scope=None,
        stack=None,
        timeline=SimpleNamespace(write=events.append),
        events=events,
    ), stack(tmp_path)


class Live(SimpleNamespace):
    """A session's bench is its stack."""

    @property
    def stack(self):
        return self.bench


def live(tmp_path, *asked, **more):
    plain, bench = session(tmp_path, *asked, **more)
    del plain.stack
    return Live(**vars(plain), bench=bench)


# what applies


def test_an_unknown_name_is_the_users_mistake_and_names_the_nearest_one():
    with pytest.raises(UsageProblem, match="did you mean 'runner-killed'") as problem:
        saboteur("runer-killed")
    assert "disk-full" in problem.value.next_step
    with pytest.raises(UsageProblem, match="expected KIND:SERVICE:ACTION"):
        ApiSaboteur("deny:")


def test_a_scenario_may_only_name_what_is_registered(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace("paths:", "sabotage: [disk-ful]\npaths:", 1))
    with pytest.raises(ScenarioProblem, match="did you mean 'disk-full'"):
        load_scenario(file)


def test_the_same_seed_is_the_same_plan_and_another_one_is_another():
    scenario = load_scenario(SCENARIOS / "vps-stale-workers.yaml").scenario
    names = [[each.name for each in plan(scenario, "prepared", seed)[0]] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    assert sorted(names[0]) == sorted(names[2])
    assert dice(1, "disk-full").random() == dice(1, "disk-full").random() != dice(1, "sudo-denied").random()


def test_what_does_not_apply_is_said_with_its_reason():
    scenario = load_scenario(SCENARIOS / "ecs-bad-migration.yaml").scenario
    apply, left_out = plan(scenario, "prepared", 0)
    assert {each.name for each in apply} == {
        "aws-credential-expired",
        "aws-dns-down",
        "aws-permission-denied",
        "concurrent-deploy",
        "runner-killed",
    }
    assert len(apply) + len(left_out) == len(saboteurs())
    assert next(each.why for each in left_out if each.sabotage == "disk-full") == (
        "no host in this stack is reached over ssh"
    )


def test_the_plan_is_printed_before_anything_starts_and_a_wrong_choice_is_refused(monkeypatch, tmp_path):
    monkeypatch.chdir(SCENARIOS.parent)
    runs = ("--runs", str(tmp_path / "runs"))
    told = CliRunner().invoke(main, ["sabotage", "ecs-bad-migration", "--path", "prepared", "--plan", *runs])
    assert "ecs-bad-migration prepared, seed 0: 5 sabotages apply" in told.output and told.exit_code == 0
    assert "  -  disk-full: no host in this stack is reached over ssh" in told.output
    for command in (["sabotage", "ecs-bad-migration", "--only"], ["run", "ecs-bad-migration", "--sabotage"]):
        refused = CliRunner().invoke(main, [*command, "disk-full", *runs])
        assert refused.exit_code == 3 and "it does not apply to ecs-bad-migration naive: no host" in refused.output
    assert not (tmp_path / "runs").exists()


# in effect, and undone


def test_what_was_asked_for_is_broken_in_attempt_1_alone(tmp_path):
    thing = Broken(environment={"HOME_OF": "nobody"})
    run = live(tmp_path, thing)
    with sabotaged(run):
        assert run.bench.environment()["HOME_OF"] == "nobody"
    assert thing.done[1:] == ["undone"] and run.bench.environment()["HOME_OF"] == "stack"
    run.attempt = 2
    with sabotaged(run):
        pass
    assert len(thing.done) == 2
    assert [type(each) for each in run.events] == [SabotageStarted, SabotageEnded]
    assert (run.events[0].what, run.events[1].said) == ("broken is broken", "mended")


def test_commands_are_told_another_entry_and_the_harness_is_not(tmp_path):
    run = live(tmp_path, Broken("front", entry="http://cache"), Broken("key", {"KEY": "old"}))
    told = []

    def execute(bench, scope):
        told.append(scope.render("{{ stack.url }}"))
        return StepOutcome(ok=True, took=0.0)

    step = SimpleNamespace(name="rollback", describe=lambda scope: "", execute=execute)
    scope = Scope({"stack": {"url": "http://users"}})
    run.phase = Phase.ATTEMPT
    with sabotaged(run):
        run_steps(run, [step], scope)
    run_steps(run, [step], scope)
    assert told == ["http://cache", "http://users"] and scope.render("{{ stack.url }}") == "http://users"


def test_what_the_scenario_breaks_stays_so_until_the_end(tmp_path):
    own = Broken("own", {"OWN": "1"})
    run = live(tmp_path, Broken(environment={"ASKED": "1"}), own=[own])
    with sabotaged(run):
        assert {"OWN", "ASKED"} <= set(run.bench.environment())
    assert own.done[1:] == [] and run.bench.environment().get("OWN") == "1" and "ASKED" not in run.bench.environment()
    mend(run)
    mend(run)
    assert own.done[1:] == ["undone"] and "OWN" not in run.bench.environment()


def test_the_limit_of_the_phase_does_not_end_the_mending(tmp_path):
    """The alarm of a time limit comes again every second; here it comes, to the process, while other threads live."""
    began, over = threading.Event(), threading.Event()
    threading.Thread(target=over.wait, daemon=True).start()

    def undo():
        os.kill(os.getpid(), signal.SIGALRM)
        began.set()

    thing = Broken(undo=undo)
    run = live(tmp_path, thing)
    with pytest.raises(TimeLimit), time_limit(60, "the attempt"), sabotaged(run):
        raise TimeLimit("the attempt")
    over.set()
    assert began.is_set() and thing.done[1:] == ["undone"]


def test_one_that_cannot_be_broken_mends_those_before_it(tmp_path):
    first, second = Broken("first"), Broken("second")
    second.arm = lambda site: (_ for _ in ()).throw(OSError("no"))
    with pytest.raises(OSError, match="no"), sabotaged(live(tmp_path, first, second)):
        raise AssertionError("nothing may run")
    assert first.done[1:] == ["undone"]


# the runner is killed, somebody deploys


def site(tmp_path, deploy=()):
    scenario = SimpleNamespace(deploy=deploy, bad_release=lambda path: "v2")
    return SimpleNamespace(bench=stack(tmp_path), scenario=scenario, path="naive", scope=lambda _: Scope({}))


def step(*argv, timeout=20.0):
    return CommandStep(run=argv, timeout=timeout)


def test_a_runner_is_killed_once_it_has_said_something(tmp_path):
    here = site(tmp_path)
    armed = RunnerKilled().arm(here)
    bench = replace(here.bench, broken=armed.environment)
    (tmp_path / "late").unlink(missing_ok=True)
    script = "import time\nprint('rolling back')\ntime.sleep(60)\nopen('late', 'w')"
    outcome = step(sys.executable, "-c", script).execute(bench, Scope({}))
    ended = armed.undo()
    assert outcome.exit_code == -signal.SIGKILL and not (tmp_path / "late").exists()
    assert ended.met and "rolling back" in ended.said


def test_a_runner_that_says_nothing_is_not_killed_and_that_is_told(tmp_path):
    here = site(tmp_path)
    armed = RunnerKilled().arm(here)
    assert step("true").execute(here.bench, Scope({})).ok
    assert armed.undo() == Ended("no step had said anything before the rollback was over", False)


def test_a_racing_deploy_runs_beside_the_rollback_and_is_waited_for(tmp_path):
    wait = "until [ -e rolled-back ]; do sleep 0.05; done; echo over it > deployed"
    here = site(tmp_path, [step("sh", "-c", wait)])
    armed = ConcurrentDeploy().arm(here)
    assert step("touch", "rolled-back").execute(here.bench, Scope({})).ok
    ended = armed.undo()
    assert (tmp_path / "deployed").read_text() == "over it\n"
    assert "the deploy of v2 that raced it: every step exited 0" in ended.said


def test_a_racing_deploy_that_is_refused_says_so_and_one_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.sabotages.concurrent_deploy._PATIENCE", 1.0)
    refused = ConcurrentDeploy().arm(site(tmp_path, [step("sh", "-c", "echo locked; exit 9"), step("touch", "never")]))
    assert refused.undo().said.endswith("exit 9: locked") and not (tmp_path / "never").exists()
    hung = ConcurrentDeploy().arm(site(tmp_path, [step("sleep", "600", timeout=500)]))
    assert "exit -9" in hung.undo().said


# what a run of trouble is worth


def record(tmp_path, attempts_, armed=True, met=True, **changes) -> RunRecord:
    extra = (
        (22.2, SabotageStarted(sabotage="broken", what="a thing is broken")),
        (24.0, SabotageEnded(sabotage="broken", said="mended", met=met)),
    )
    drill = Drill(attempts=attempts_, changes=("--sabotage broken",), extra=extra if armed else (), **changes)
    return build_record(drill.write(tmp_path / "run"))


STOPPED = Attempt("rollback", "rollback", False, (M1,), exit_code=1)
SILENT = Attempt("rollback", "rollback", False, (M1,))
AGAIN = Attempt("rollback, again", "rollback", True)


@pytest.mark.parametrize(
    ("attempts_", "more", "verdict", "reason"),
    [
        ([Attempt("rollback", "rollback", True)], CLEAN, "passed", "Sabotage broken was in effect in attempt 1"),
        ([STOPPED, AGAIN], CLEAN, "passed", "Attempt 2 (rollback, again) recovered the users"),
        ([SILENT, AGAIN], CLEAN, "failed", "broke under sabotage and did not say so: every step exited 0 (M1)"),
        ([STOPPED], CLEAN, "failed", "Nothing recovered the users"),
        ([STOPPED, AGAIN], {**CLEAN, "rto": 5.0}, "failed", "Recovery took"),
        ([Attempt("rollback", "rollback", False, (D3,)), AGAIN], {}, "passed", "Attempt 2"),
        ([STOPPED, AGAIN], {**CLEAN, "armed": False}, "inconclusive", "was never in effect"),
        ([STOPPED, AGAIN], {**CLEAN, "met": False}, "inconclusive", "was never in effect"),
    ],
)
def test_an_attempt_may_break_under_sabotage_if_it_says_so_and_the_next_recovers_in_time(
    tmp_path, attempts_, more, verdict, reason
):
    said, reasons = judge(record(tmp_path, attempts_, **more))
    assert said == verdict and any(reason in each for each in reasons), reasons


def test_the_report_says_what_was_broken_on_purpose(tmp_path):
    page = render_markdown(record(tmp_path, [STOPPED, AGAIN], **CLEAN))
    assert "## What was broken on purpose" in page
    assert "| broken | a thing is broken | 22.2 s | 1.8 s | mended |" in page
    assert "It came to nothing" in render_markdown(record(tmp_path / "2", [STOPPED, AGAIN], met=False, **CLEAN))


@pytest.mark.parametrize(
    ("passes", "met", "declared", "again"),
    [
        (True, {"M1"}, [], True),
        (True, {"M1", "D3"}, ["D3"], True),
        (True, {"D3"}, ["D3"], False),
        (True, set(), [], False),
        (False, {"M1"}, [], False),
    ],
)
def test_the_rollback_is_tried_again_where_what_stopped_it_is_over_by_itself(passes, met, declared, again):
    thing = Broken()
    thing.passes = passes
    run = SimpleNamespace(
        attempt=1, options=SimpleNamespace(sabotages=(thing,)), path=SimpleNamespace(findings=declared)
    )
    assert _was_stopped(run, met) is again
    run.attempt = 2
    assert not _was_stopped(run, met)


def test_the_second_try_stands_before_the_remedies():
    path = load_scenario(SCENARIOS / "ecs-bad-migration.yaml").scenario.paths["naive"]
    run = SimpleNamespace(path=path, again=True)
    assert [each.name for each in attempts(run)] == [
        "previous task definition",
        "previous task definition, again",
        "forward-fix migration",
    ]

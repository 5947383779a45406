"""The deploy after the recovery: what it asks, what it comes to, what the reader is told."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.errors import ScenarioProblem
from harness.events import NextDeployed
from harness.model import CheckResult, Outcome, Verdict
from harness.record import build_record
from harness.report.markdown import render_markdown
from harness.report.page import faster, next_deploys, summary
from harness.runner.next_deploy import deploy_next
from harness.scenario.load import load_scenario
from harness.scenario.models import NextDeploy
from harness.spi import Bench, Scope, Step, StepOutcome
from tests.harness.runs import D3, Attempt, Drill, naive
from tests.harness.scenario.conftest import SMALL

PASS = CheckResult(name="read an order", outcome=Outcome.PASS, expected="200", seen="200")
OLD = CheckResult(name="version on every instance", outcome=Outcome.FAIL, expected="v3", seen="v1 on 1")
PINNED = NextDeployed(attempt=1, release="v3", ok=False, summary="version: expected v3, saw v1 on 1")


class Deploy(Step):
    """A deploy that ends with ``exit_code``."""

    uses: str = "deploy"
    exit_code: int = 0

    def describe(self, scope):
        return f"deploy {scope.values['release']}"

    def execute(self, bench, scope):
        return StepOutcome(ok=self.exit_code == 0, exit_code=self.exit_code, took=0.1)


def tried(next_, deploy, *answers):
    """What came of ``next_``: the failure, the events, and the releases that were deployed and asked for."""
    events, asked = [], []
    session = SimpleNamespace(
        scenario=SimpleNamespace(next=next_, deploy=[deploy]),
        scope=lambda release: Scope({"release": release}),
        stack=Bench(None, None, {}, Path(), {}),
        phase="verify",
        attempt=1,
        timeline=SimpleNamespace(write=events.append),
    )

    def settled(_, scope):
        asked.append(scope.values["release"])
        return answers

    return deploy_next(session, settled), events, asked


def test_without_a_next_release_nothing_is_deployed():
    assert tried(None, Deploy(), OLD) == (None, [], [])


@pytest.mark.parametrize(("serves", "asked"), [(None, "v3"), ("v1", "v1")])
def test_the_deployed_release_has_to_serve_unless_another_one_is_named(serves, asked):
    failed, events, releases = tried(NextDeploy(release="v3", serves=serves), Deploy(), PASS)
    assert failed is None
    assert [each.command for each in events[:2]] == ["deploy v3", "deploy v3"]
    assert (events[-1].ok, events[-1].summary, releases) == (True, f"{asked} serves", [asked])


def test_a_deploy_that_stays_invisible_is_told_apart_from_a_rollback_that_failed():
    failed, events, _ = tried(NextDeploy(release="v3"), Deploy(), PASS, OLD)
    assert failed.name == "next deploy: version on every instance"
    assert (events[-1].ok, events[-1].summary) == (False, "version on every instance: expected v3, saw v1 on 1")


def test_a_deploy_that_fails_asks_nobody():
    failed, _, asked = tried(NextDeploy(release="v3"), Deploy(exit_code=13), PASS)
    assert (failed.name, failed.seen, asked) == ("next deploy: step step 1", "exit 13", [])


def with_next(folder, after="{release: v3}", target="good"):
    text = SMALL.replace('    v2: {values: {schema: "2"}}', '    v2: {values: {schema: "2"}}\n    v3: {}')
    text = text.replace("paths:", f"next: {after}\npaths:").replace(
        "name: rollback,", f"name: rollback, target: {target},"
    )
    file = folder / "small.yaml"
    file.write_text(text)
    return load_scenario(file, known_findings=("D3",)).scenario


def test_a_scenario_names_its_next_release_and_an_attempt_may_aim_at_it(tmp_path):
    scenario = with_next(tmp_path, target="next")
    assert scenario.used_releases("naive") == {"good": "v1", "bad": "v2", "next": "v3"}
    assert scenario.target_release("naive", scenario.paths["naive"].rollback) == "v3"


@pytest.mark.parametrize(
    ("after", "target", "said"),
    [
        ("{release: v4}", "good", "next.release"),
        ("{release: v3, serves: v4}", "good", "next.serves"),
        ("null", "next", "which an attempt of path 'naive' has as its target"),
    ],
)
def test_a_next_release_that_is_not_there_is_refused(tmp_path, after, target, said):
    with pytest.raises(ScenarioProblem) as caught:
        with_next(tmp_path, after, target)
    assert said in str([(each.key, each.expected) for each in caught.value.complaints])


def test_the_report_says_that_users_were_back_and_what_the_next_deploy_showed(tmp_path):
    first, second = naive()
    attempts = [Attempt(first.name, first.rung, False, (D3,)), second]
    record = build_record(Drill(attempts=attempts, extra=((33.0, PINNED),)).write(tmp_path))
    record = record.model_copy(update={"verdict": Verdict.PASSED})
    assert "brought the users back" in summary(record)
    assert "The next deploy, v3, showed that it was not over" in summary(record)
    assert faster(record) == ""
    (line,) = next_deploys(record)
    assert line in render_markdown(record)
    assert "not as it has to be: version: expected v3, saw v1 on 1." in line

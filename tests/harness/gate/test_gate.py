"""Policy and history give state, reason, command and exit code; through the real command, on a real history."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.gate.judgement import State, judge
from harness.gate.policy import Policy
from harness.history import HistoryRow, append, digest
from harness.model import Verdict
from harness.resilience import Score
from harness.scenario.load import load_scenario
from tests.harness.scenario.conftest import SMALL

NOW = datetime.now(UTC)


class Frozen(datetime):
    """A clock that stands still, however long the tests before this one took."""

    @classmethod
    def now(cls, tz=None):
        return NOW


RUN = "drill run shop --path prepared"
SCORE = "drill sabotage shop --path prepared"
CART = "drill run cart --path undo"


def row(days: float, **changes) -> HistoryRow:
    """A run of the prepared path that passed `days` ago, its folder untouched."""
    return HistoryRow(
        **{
            "run": f"run-{days}",
            "scenario": "shop",
            "path": "prepared",
            "verdict": Verdict.PASSED,
            "wall": (NOW - timedelta(days=days)).isoformat(timespec="milliseconds"),
            "took": 40.0,
            "recovery": 12.5,
            "writes_lost": 0,
            "first_attempt_clean": True,
            "rto": 300,
            "rpo": 0,
            "commit": "c",
            "operator": "o",
            "digest": digest("as written"),
            **changes,
        }
    )


FAILED = {"verdict": Verdict.FAILED, "findings": ("D3",), "first_attempt_clean": False}
ONE = "{scenario: shop, paths: [prepared]}"
STRICT = "{scenario: shop, paths: [prepared], max_age: 3d, rto: 20s, rpo: 0}"

# name, requirements, history, exit code, state of the first line that is not met, part of its reason, command
CASES = [
    ("met", [STRICT], [row(1)], 0, "met", "recovery time 12.5 s, the limit is 20.0 s; writes lost: 0", ""),
    ("met, by an older run too", [ONE], [row(6), row(1)], 0, "met", "passed 24 h ago; first attempt clean", ""),
    ("no run at all", [ONE], [], 1, "missing", "no run", RUN),
    ("only of another path", [ONE], [row(1, path="naive")], 1, "missing", "no run", RUN),
    ("only a changed one", [ONE], [row(1, changes=("--set a=1",))], 1, "missing", "--set or --without", RUN),
    ("a changed one is newer", [ONE], [row(1), row(0.5, changes=("--without fault",), **FAILED)], 0, "met", "", ""),
    ("stale", [STRICT], [row(4)], 1, "stale", "passed 4 d ago, the limit is 3 d", RUN),
    ("a second too old", [ONE], [row(7 + 1 / 86400)], 1, "stale", "passed 7 d ago, the limit is 7 d", RUN),
    ("failed after it passed", [ONE], [row(1, **FAILED), row(2)], 1, "not met", "24 h ago, came to: failed (D3)", RUN),
    ("passed after it failed", [ONE], [row(1), row(2, **FAILED)], 0, "met", "passed 24 h ago", ""),
    ("inconclusive", [ONE], [row(1, verdict="inconclusive"), row(2)], 1, "not met", "came to: inconclusive", RUN),
    ("interrupted", [ONE], [row(1, verdict="interrupted"), row(2)], 1, "not met", "came to: interrupted", RUN),
    ("error", [ONE], [row(1, verdict="error"), row(2)], 1, "not met", "came to: error", RUN),
    ("edited", [ONE], [row(1, digest="another")], 1, "edited", "run.json of run-1 is not what the run wrote", RUN),
    ("edited and stale", [STRICT], [row(9, digest="another")], 1, "edited", "not what the run wrote", RUN),
    ("edited, then run again", [ONE], [row(2, digest="another"), row(1)], 0, "met", "", ""),
    ("too slow", [STRICT], [row(1, recovery=20.1)], 1, "not met", "recovery time 20.1 s, the limit is 20.0 s", RUN),
    ("exactly in time", [STRICT], [row(1, recovery=20.0)], 0, "met", "", ""),
    ("recovery unknown", [STRICT], [row(1, recovery=None)], 1, "not met", "recovery time unknown", RUN),
    ("writes lost", [STRICT], [row(1, writes_lost=2)], 1, "not met", "writes lost: 2, the limit is 0", RUN),
    ("writes unknown", [STRICT], [row(1, writes_lost=None)], 1, "not met", "writes lost: unknown", RUN),
    ("two limits", [STRICT], [row(1, recovery=99, writes_lost=1)], 1, "not met", "20.0 s; writes lost: 1", RUN),
    ("not clean", [ONE], [row(1, first_attempt_clean=False)], 1, "not met", "first attempt broken", RUN),
    ("never judged", [ONE], [row(1, first_attempt_clean=None)], 1, "not met", "first attempt never judged", RUN),
    (
        "a path that teaches",
        ["{scenario: shop, paths: [naive]}"],
        [row(1, path="naive", first_attempt_clean=False)],
        1,
        "not met",
        "declared `first_attempt: broken`",
        "",
    ),
    (
        "a path that teaches may break where any is enough",
        ["{scenario: shop, paths: [naive], first_attempt: any}"],
        [row(1, path="naive", first_attempt_clean=False)],
        0,
        "met",
        "passed 24 h ago",
        "",
    ),
    (
        "no score yet",
        ["{scenario: shop, min_score: 0.8}"],
        [row(1)],
        1,
        "missing",
        "80% asked for",
        "drill sabotage shop --path prepared",
    ),
    ("from the future", [ONE], [row(-1), row(1)], 1, "not met", "is a clock wrong?", "drill history shop"),
    ("one of two is missing", [ONE, "{scenario: cart}"], [row(1)], 1, "missing", "no run", CART),
    ("a label is all of its scenarios", ["{label: starter}"], [row(1)], 1, "missing", "no run", CART),
]


TEACHING = "naive: {first_attempt: broken, findings: [D3], rollback: {name: undo, steps: [{run: [undo.sh]}]}}"


@pytest.fixture
def scenarios(tmp_path):
    """`shop` has a path that teaches and a prepared one, `cart` has one path; both are labelled `starter`."""
    folder = tmp_path / "scenarios"
    folder.mkdir()
    for name, path, more in (("shop", "prepared", TEACHING), ("cart", "undo", "")):
        text = SMALL.replace("name: small", f"name: {name}\nlabels: [starter]").replace("naive:", f"{path}:")
        (folder / f"{name}.yaml").write_text(f"{text}  {more}\n")
    return folder


@pytest.fixture
def gate(tmp_path, monkeypatch, scenarios):
    """`drill gate` on requirements and rows; every run has a folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("harness.cli.gate.SCENARIOS", (scenarios,))
    monkeypatch.setattr("harness.cli.gate.datetime", Frozen)

    def call(required, rows, *args):
        for each in rows:
            folder = tmp_path / "reports" / each.run
            folder.mkdir(parents=True, exist_ok=True)
            append(folder.parent, each)
            (folder / "run.json").write_text("as written")
        lines = "".join(f"  - {each}\n" for each in required)
        (tmp_path / "drill-gate.yaml").write_text(f"gate: 1\nrequire:\n{lines}")
        result = CliRunner().invoke(main, ["gate", *args])
        assert not result.exception, result.output
        return result

    return call


def known(folder: Path):
    return {each.stem: load_scenario(each).scenario for each in folder.glob("*.yaml")}


@pytest.mark.parametrize(
    ("required", "rows", "exit_code", "state", "reason", "command"),
    [each[1:] for each in CASES],
    ids=[c[0] for c in CASES],
)
def test_policy_and_history_give_state_reason_command_and_exit_code(
    gate, required, rows, exit_code, state, reason, command
):
    result = gate(required, rows, "--json")
    assert result.return_value == exit_code, result.output
    answers = json.loads(result.output)
    decisive = next((each for each in answers if each["state"] != "met"), answers[-1])
    assert decisive["state"] == state
    assert reason in decisive["reason"]
    assert decisive["settle"] == command
    told = gate(required, rows)
    assert told.return_value == exit_code
    assert any(line.startswith(state) and reason in line for line in told.output.splitlines())
    assert command in told.output


def test_every_requirement_has_a_line_and_all_of_them_decide(gate):
    told = gate([ONE, STRICT, "{label: starter, max_age: 30d}"], [row(4)])
    assert [line.split(" ")[0] for line in told.output.splitlines() if "·" in line] == [
        "met",
        "stale",
        "missing",
        "met",
    ]
    assert told.output.endswith("2 of 4 requirements are met\n")
    assert told.return_value == 1


def test_a_run_whose_folder_is_gone_counts_and_says_so(gate, tmp_path):
    gate([ONE], [row(1)])
    (tmp_path / "reports" / "run-1" / "run.json").unlink()
    told = gate([ONE], [])
    assert (told.return_value, "its folder is gone" in told.output) == (0, True)


def scored(recovered, days=1.0, tried=5, path="prepared"):
    wall = (NOW - timedelta(days=days)).isoformat()
    return Score(series=f"s{days}", scenario="shop", path=path, wall=wall, seed=0, tried=tried, recovered=recovered)


@pytest.mark.parametrize(
    ("scores", "state", "said"),
    [
        ([scored(4)], State.MET, "resilience score 80%, 4 of 5 sabotages, the least is 80%"),
        ([scored(3)], State.NOT_MET, "resilience score 60%"),
        ([scored(5, days=8)], State.STALE, "the resilience score is of 8 d"),
        ([scored(5, path="naive")], State.MISSING, "no resilience score is known, 80% asked for"),
        ([], State.MISSING, "no resilience score is known"),
    ],
)
def test_a_score_is_asked_for_and_judged_once_there_is_one(scenarios, scores, state, said):
    policy = Policy.model_validate({"gate": 1, "require": [{"scenario": "shop", "min_score": 0.8}]})
    answer = judge(policy, known(scenarios), [row(1)], NOW, lambda _row: False, scores)[0]
    assert (answer.state, said in answer.reason) == (state, True), answer.reason
    assert answer.settle == ("" if state is State.MET else SCORE)


def test_left_out_paths_are_those_declared_clean_and_any_means_all(scenarios):
    def paths(**asked):
        policy = Policy.model_validate({"gate": 1, "require": [{"scenario": "shop", **asked}]})
        return [each.path for each in judge(policy, known(scenarios), [], NOW, lambda _row: None)]

    assert paths() == ["prepared"]
    assert paths(first_attempt="any") == ["prepared", "naive"]


def test_only_what_nothing_has_judged_lately_is_run(gate):
    """A drill that failed is not run until it passes."""

    def unrehearsed(rows):
        return json.loads(gate([ONE], rows, "--json").output)[0]["unrehearsed"]

    assert unrehearsed([])
    assert unrehearsed([row(8)])
    assert unrehearsed([row(3, verdict="interrupted")])
    assert unrehearsed([row(2.5, verdict="error")])
    assert not unrehearsed([row(2, **FAILED)])
    assert not unrehearsed([row(1.5, verdict="inconclusive")])
    assert not unrehearsed([row(1)])


def test_the_command_names_the_folder_of_runs_where_it_is_another_one(gate):
    assert f"→ {RUN} --runs elsewhere\n" in gate([ONE], [], "--runs", "elsewhere").output

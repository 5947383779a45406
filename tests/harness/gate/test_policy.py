"""What is wrong with a policy: file, line, column, key, what was expected, the near miss; exit code 3."""

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from harness.cli import main
from harness.gate.policy import policy_schema

ROOT = Path(__file__).parents[3]
ECS = "ecs-bad-migration"

# name, text of the policy, what is said of it
BROKEN = [
    ("empty", "", ["1:1: the file: expected a mapping (`gate: 1`, `require: […]`), got an empty file"]),
    ("a list", "- gate\n", ["1:1: the file: expected a mapping (`gate: 1`, `require: […]`), got a list of 1"]),
    ("no YAML", "gate: [1\n", ["2:1: the file: expected valid YAML; its reader says: expected ',' or ']'"]),
    ("a tab", "gate: 1\nrequire:\n\t- x\n", ["3:1: the file: expected spaces for indentation, got a tab"]),
    ("no version", "require: [{label: vps}]\n", ["1:1: gate: expected this key (version of the policy language)"]),
    ("another version", "gate: 2\nrequire: [{label: vps}]\n", ["1:7: gate: expected 1, got the number 2"]),
    ("nothing required", "gate: 1\nrequire: []\n", ["2:10: require: expected a list or mapping with at least 1"]),
    ("no requirements", "gate: 1\n", ["1:1: require: expected this key (all of it must be met), got only gate"]),
    (
        "an inconclusive is allowed",
        "gate: 1\ninconclusive: 1\nrequire: [{label: vps}]\n",
        ["2:15: inconclusive: expected none, got the number 1"],
    ),
    (
        "an unknown key",
        "gate: 1\nrequire:\n  - label: vps\n    max_agee: 7d\n",
        ["4:5: require[0].max_agee: expected one of the keys", "(did you mean 'max_age'?)"],
    ),
    ("twice", "gate: 1\ngate: 1\nrequire: [{label: vps}]\n", ["2:1: gate: expected each key once, got it again"]),
    (
        "an unknown scenario",
        "gate: 1\nrequire:\n  - scenario: ecs-bad-migratoin\n",
        ["3:15: require[0].scenario: expected the name of a scenario", f"(did you mean '{ECS}'?)"],
    ),
    (
        "an unknown label",
        "gate: 1\nrequire:\n  - label: startr\n",
        ["3:12: require[0].label: expected a label of some scenario", "got 'startr' (did you mean 'starter'?)"],
    ),
    (
        "an unknown path",
        f"gate: 1\nrequire:\n  - scenario: {ECS}\n    paths: [naive, prepard]\n",
        [f"4:20: require[0].paths[1]: expected a path of {ECS} (naive, prepared)", "(did you mean 'prepared'?)"],
    ),
    (
        "a path that one of a label has not",
        "gate: 1\nrequire: [{label: starter, paths: [prepared]}]\n",
        ["2:36: require[0].paths[0]: expected a path of k8s-bad-image (undo), got 'prepared'"],
    ),
    ("no path", "gate: 1\nrequire: [{label: vps, paths: []}]\n", ["2:31: require[0].paths: expected a list or"]),
    (
        "scenario and label",
        f"gate: 1\nrequire: [{{label: vps, scenario: {ECS}}}]\n",
        ["2:11: require[0]: expected exactly one of `scenario` and `label`"],
    ),
    ("neither", "gate: 1\nrequire: [{rpo: 0}]\n", ["2:11: require[0]: expected exactly one of `scenario` and `label`"]),
    (
        "no duration",
        "gate: 1\nrequire: [{label: vps, max_age: 1 week}]\n",
        ["2:33: require[0].max_age: expected a duration such as 250ms, 5s, 2m, 1m30s, 7d", "got '1 week'"],
    ),
    (
        "negative",
        "gate: 1\nrequire: [{label: vps, rpo: -1}]\n",
        ["2:29: require[0].rpo: expected a number of at least 0"],
    ),
    ("true", "gate: 1\nrequire: [{label: vps, rpo: true}]\n", ["2:29: require[0].rpo: expected a number, got true"]),
    (
        "a score in percent",
        "gate: 1\nrequire: [{label: vps, min_score: 80}]\n",
        ["2:35: require[0].min_score: expected a number of at most 1"],
    ),
    (
        "another word",
        "gate: 1\nrequire: [{label: vps, first_attempt: claen}]\n",
        ["2:39: require[0].first_attempt: expected one of clean, any, got 'claen' (did you mean 'clean'?)"],
    ),
    (
        "two mistakes",
        "gate: 1\nrequire: [{label: vsp, rto: soon}]\n",
        ["2:19: require[0].label: expected a label", "2:29: require[0].rto: expected a duration"],
    ),
]


@pytest.mark.parametrize(("text", "said"), [each[1:] for each in BROKEN], ids=[each[0] for each in BROKEN])
def test_everything_wrong_is_said_and_nothing_else(tmp_path, text, said):
    file = tmp_path / "drill-gate.yaml"
    file.write_text(text)
    result = CliRunner().invoke(main, ["gate", "--policy", str(file), "--runs", str(tmp_path)])
    assert result.exit_code == 3
    assert isinstance(result.exception, SystemExit)
    *complaints, step = result.output.splitlines()
    assert "docs/gate.md" in step
    assert len(complaints) == sum(each[0].isdigit() for each in said)
    for each in said:
        assert (f"{file}:{each}" if each[0].isdigit() else each) in result.output


def test_no_policy_at_all_names_the_near_one(tmp_path):
    (tmp_path / "drill-gate.yaml").touch()
    result = CliRunner().invoke(main, ["gate", "--policy", str(tmp_path / "dril-gate.yaml")])
    assert result.exit_code == 3
    assert "expected a gate policy, got nothing with this name (did you mean 'drill-gate.yaml'?)" in result.output


def test_the_shipped_policy_is_valid_and_so_it_says_its_schema(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, ["gate", "--runs", str(tmp_path)])
    assert (result.return_value, "missing" in result.output) == (1, True)
    shipped = (ROOT / "scenarios" / "gate.schema.json").read_text()
    assert json.loads(shipped) == policy_schema(), "run `drill schema --gate > scenarios/gate.schema.json`"
    assert CliRunner().invoke(main, ["schema", "--gate"]).output == shipped
    Draft202012Validator(policy_schema()).validate(yaml.safe_load((ROOT / "drill-gate.yaml").read_text()))

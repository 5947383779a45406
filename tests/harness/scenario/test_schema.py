from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.scenario.schema import DIALECT, IDENTITY, json_schema
from tests.harness.scenario.conftest import ROOT, SHIPPED, SMALL
from tests.harness.scenario.test_broken import BROKEN

SHIPPED_SCHEMA = ROOT / "scenarios" / "scenario.schema.json"
SEEN_BY_EDITORS = (
    "choice",
    "duration",
    "identifier",
    "missing-key",
    "missing-nested-key",
    "no-plugin",
    "number-for-text",
    "octal",
    "out-of-range",
    "plugin-choice",
    "plugin-key",
    "true-for-number",
    "truth",
    "unknown-key",
    "unknown-nested-key",
    "unknown-plugin",
    "wrong-type",
)


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    return Draft202012Validator(json_schema())


def test_the_shipped_schema_is_the_generated_one() -> None:
    assert json.loads(SHIPPED_SCHEMA.read_text()) == json_schema(), (
        "the language has changed: run `drill schema > scenarios/scenario.schema.json`"
    )


def test_it_is_a_schema_with_a_name_and_the_same_every_time() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"], schema["title"]) == (DIALECT, IDENTITY, "drill scenario")
    assert schema["description"].startswith("One drill")
    assert json.dumps(schema) == json.dumps(json_schema())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_it_accepts_what_is_shipped(validator, file) -> None:
    assert [each.message for each in validator.iter_errors(yaml.safe_load(file.read_text()))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("rollback.sh]", "rollback.sh], timeout: 2.5"),
        ("rollback.sh]", "rollback.sh], timeout: 1m30s"),
        ("{uses: http, get: /}", "{uses: http, get: /, expect: {status: [200, 201]}}"),
        ("{uses: http, get: /}", "{uses: http, get: /, expect: {status: 200}}"),
        ("[rollback.sh]", "rollback.sh --now"),
        ("{run: [deploy.sh]}", "{uses: command, run: [deploy.sh]}"),
    ],
)
def test_it_accepts_what_the_loader_accepts(validator, load, old, new) -> None:
    assert load({old: new}).scenario.name == "small"
    assert [each.message for each in validator.iter_errors(yaml.safe_load(SMALL.replace(old, new)))] == []


@pytest.mark.parametrize("name", SEEN_BY_EDITORS)
def test_it_rejects_broken_scenarios(validator, name) -> None:
    assert not validator.is_valid(yaml.safe_load((BROKEN / f"{name}.yaml").read_text()))


def test_editors_learn_defaults_descriptions_and_plugins() -> None:
    schema = json_schema()
    budgets = schema["$defs"]["BudgetsConfig"]["properties"]["rto"]
    assert budgets["default"] == 300
    assert budgets["description"].startswith("longest recovery time")
    assert [each["type"] for each in budgets["anyOf"]] == ["string", "number"]
    checks = schema["properties"]["smoke"]["items"]["oneOf"]
    assert {each["properties"]["uses"]["const"] for each in checks} >= {"http", "sql", "version"}
    assert all("uses" in each["required"] for each in checks)
    steps = schema["properties"]["deploy"]["items"]["oneOf"]
    [command] = [each for each in steps if each["properties"]["uses"]["const"] == "command"]
    assert "uses" not in command["required"]

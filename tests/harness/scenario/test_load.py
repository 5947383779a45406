from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import Field

from harness import plugins
from harness.errors import ExitCode, ScenarioProblem
from harness.model import CheckResult, Outcome
from harness.scenario.load import load_scenario
from harness.spi import Check
from tests.harness.scenario.conftest import SHIPPED, SMALL


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_shipped_scenarios_are_valid(file: Path) -> None:
    loaded = load_scenario(file)
    assert loaded.scenario.name == file.stem
    assert loaded.file == file
    assert loaded.workdir.is_absolute()
    assert loaded.workdir.is_dir()
    assert loaded.changes == ()


def test_the_small_scenario_has_the_defaults(load, small) -> None:
    loaded = load()
    assert loaded.workdir == small.parent.resolve()
    assert loaded.scenario.budgets.rto == 300
    assert loaded.scenario.deploy[0].uses == "command"
    assert loaded.scenario.default_path() == "naive"


def test_another_scenario_from_the_same_file(load, small) -> None:
    loaded = load(None, "title=first")
    changed = loaded.with_scenario(loaded.scenario.model_copy(update={"title": "another"}))
    assert changed.scenario.title == "another"
    assert (changed.file, changed.workdir, changed.changes) == (small, loaded.workdir, ("title=first",))


def test_every_complaint_is_there_in_the_order_of_the_file(complaints) -> None:
    said = complaints(
        {
            "title: As small as a scenario can be": "titel: x",
            "bad: v2": "bad: v3",
            "teaches: [D3]": "teaches: [D9]",
            "[deploy.sh]": "[]",
            "uses: http": "uses: htp",
        }
    )
    assert [each.key for each in said] == [
        "title",
        "titel",
        "teaches[0]",
        "releases.bad",
        "deploy[0].run",
        "smoke[0].uses",
    ]
    assert [each.where.line for each in said] == [1, 3, 4, 10, 14, 16]


def test_the_error_is_a_usage_error_and_names_the_next_step(small) -> None:
    small.write_text("drill: [")
    with pytest.raises(ScenarioProblem) as caught:
        load_scenario(small)
    assert caught.value.exit_code == ExitCode.USAGE
    assert str(caught.value).startswith(f"{small}:1:9: the file: expected valid YAML")
    assert "drill schema" in caught.value.next_step


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "aws_secret_access_key", "AWS_PROFILE"])
def test_real_credentials_are_no_secrets_of_a_drill(complaints, name: str) -> None:
    [said] = complaints({"teaches: [D3]": f"teaches: [D3]\nsecrets: [API_TOKEN, {name}]"})
    assert (said.key, said.seen) == ("secrets[1]", repr(name))


@pytest.mark.parametrize("workdir", ["nowhere", "small.yaml", "x/" * 3000, "n" * 300])
def test_workdir_has_to_be_a_folder(complaints, workdir: str) -> None:
    [said] = complaints({"teaches: [D3]": f"teaches: [D3]\nworkdir: {workdir}"})
    assert (said.key, said.where.line) == ("workdir", 5)


def test_ids_are_not_judged_without_a_catalogue(small: Path) -> None:
    small.write_text(SMALL.replace("[D3]", "[Z99]"))
    assert load_scenario(small).scenario.teaches == ["Z99"]


class Moon(Check):
    uses: Literal["moon"] = "moon"
    phase: Literal["full", "new"] = Field(description="what it has to be")

    def describe(self, scope) -> str:
        return f"the moon is {self.phase}"

    def ask(self, bench, scope) -> CheckResult:
        return CheckResult(name="moon", outcome=Outcome.UNKNOWN)


@pytest.fixture
def moon(monkeypatch):
    shipped = plugins.registered
    monkeypatch.setattr(
        plugins, "registered", lambda group: {"moon": Moon} if group == plugins.CHECKS else shipped(group)
    )


def test_a_plugin_that_was_registered_later_is_part_of_the_language(moon, load, complaints) -> None:
    loaded = load({"{uses: http, get: /}": "{uses: moon, phase: full}"})
    assert loaded.scenario.smoke == [Moon(phase="full")]
    [said] = complaints({"{uses: http, get: /}": "{uses: moon, phase: ful}"})
    assert (said.key, said.expected, said.suggestion) == ("smoke[0].phase", "one of full, new", "full")
    [said] = complaints()
    assert (said.key, said.expected, said.seen) == ("smoke[0].uses", "one of moon", "'http'")


def test_no_plugins_at_all(monkeypatch, complaints) -> None:
    monkeypatch.setattr(plugins, "registered", lambda group: {})
    said = {each.key: each.expected for each in complaints()}
    assert said["smoke[0].uses"] == "one of no plug-in at all: none is registered"


def test_a_plugin_made_in_code_is_taken_as_it_is(moon, load) -> None:
    scenario = load({"{uses: http, get: /}": "{uses: moon, phase: full}"}).scenario
    check = Moon(phase="new")
    again = type(scenario).model_validate({**dict(scenario), "smoke": [check]})
    assert again.smoke[0] is check

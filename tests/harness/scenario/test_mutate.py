from __future__ import annotations

import pytest

from harness.errors import ExitCode, UsageProblem
from harness.scenario.load import load_scenario
from harness.scenario.mutate import without_fault, without_remedies
from tests.harness.scenario.conftest import ROOT


@pytest.fixture(scope="module")
def scenario():
    return load_scenario(ROOT / "scenarios" / "ecs-bad-migration.yaml").scenario


@pytest.mark.parametrize("path", ["naive", "prepared"])
def test_without_fault_the_good_release_goes_out_again(scenario, path) -> None:
    changed = without_fault(scenario, path)
    assert changed.bad_release(path) == scenario.releases.good
    [other] = {"naive", "prepared"} - {path}
    assert changed.bad_release(other) == scenario.bad_release(other) != scenario.releases.good
    assert list(changed.paths) == list(scenario.paths)
    assert type(scenario).model_validate(dict(changed)) == changed


def test_without_remedies_there_is_the_rollback_only(scenario) -> None:
    changed = without_remedies(scenario, "naive")
    assert len(scenario.paths["naive"].remedies) == 1
    assert changed.paths["naive"].remedies == []
    assert changed.paths["naive"].rollback == scenario.paths["naive"].rollback
    assert changed.paths["prepared"] == scenario.paths["prepared"]
    assert changed.default_path() == scenario.default_path()


@pytest.mark.parametrize(
    ("mutate", "path", "message"),
    [
        (without_fault, "naiv", "no path 'naiv' (did you mean 'naive'?)"),
        (without_remedies, "other", "no path 'other'"),
        (without_remedies, "prepared", "has no remedies to take away"),
    ],
)
def test_what_cannot_be_taken_away(scenario, mutate, path, message) -> None:
    with pytest.raises(UsageProblem) as caught:
        mutate(scenario, path)
    assert caught.value.exit_code == ExitCode.USAGE
    assert message in caught.value.message


def test_a_fault_is_taken_away_once(scenario) -> None:
    with pytest.raises(UsageProblem, match="no fault to take away"):
        without_fault(without_fault(scenario, "naive"), "naive")

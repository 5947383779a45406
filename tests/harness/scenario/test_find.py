from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageProblem
from harness.scenario.find import all_scenarios, find_scenario


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    own, shipped = tmp_path / "own", tmp_path / "shipped"
    for file in (
        own / "a.yaml",
        own / "c.yaml",
        shipped / "a.yaml",
        shipped / "b.yaml",
        shipped / "scenario.schema.json",
    ):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    return own, shipped, tmp_path / "missing"


def test_all_by_name_and_the_earlier_folder_wins(folders) -> None:
    own, shipped, _ = folders
    assert all_scenarios(folders) == (own / "a.yaml", shipped / "b.yaml", own / "c.yaml")
    assert all_scenarios([]) == ()


def test_a_bare_name_is_looked_up_and_a_path_is_not(folders) -> None:
    own, shipped, _ = folders
    assert find_scenario("a", folders) == own / "a.yaml"
    assert find_scenario("b", folders) == shipped / "b.yaml"
    for path in ("a.yaml", "./a", "somewhere/else.yml"):
        assert find_scenario(path, folders) == Path(path)


def test_a_name_that_nobody_has(tmp_path) -> None:
    (tmp_path / "ecs-bad-migration.yaml").touch()
    with pytest.raises(UsageProblem) as caught:
        find_scenario("ecs-bad-migraton", [tmp_path])
    assert caught.value.message == f"no scenario 'ecs-bad-migraton' in {tmp_path} (did you mean 'ecs-bad-migration'?)"
    with pytest.raises(UsageProblem) as caught:
        find_scenario("zzz", [tmp_path])
    assert "did you mean" not in caught.value.message

"""docs/library.md: what each row came to when it was run last."""

import pytest

from harness.cli import library
from harness.cli.common import SCENARIOS, prepared
from harness.cli.library import Done, Row, rows_of
from harness.images import Images
from harness.model import Verdict
from harness.runner.plan import plan_of
from harness.runner.session import recipe_folders
from harness.scenario.find import all_scenarios

ROWS = [
    Row("one", "naive", "", Verdict.PASSED),
    Row("one", "naive", "fault", Verdict.INCONCLUSIVE),
    Row("one-more", "naive", "", Verdict.PASSED),
]


@pytest.fixture
def table(tmp_path, monkeypatch):
    file = tmp_path / "docs" / "library.md"
    monkeypatch.setattr(library, "_TABLE", file)
    return lambda: [line for line in file.read_text().splitlines() if line.startswith("| one")]


def ran(row, verdict, commit):
    return Done(row, verdict, "1.0 s", commit)


def test_a_part_of_the_library_leaves_the_other_rows_as_they_were(table):
    library._write(ROWS, [ran(row, row.expected, "first") for row in ROWS])
    before = table()
    library._write(ROWS, [ran(ROWS[1], Verdict.PASSED, "second")])
    assert [table()[0], table()[2]] == [before[0], before[2]]
    assert "| without fault | passed | **no** |" in table()[1] and table()[1].endswith("| second |")


def test_rows_stand_in_the_librarys_order_and_those_of_a_scenario_that_is_gone_are_left_out(table):
    library._write(ROWS, [ran(row, row.expected, "first") for row in reversed(ROWS)])
    assert [line.split("|")[1].strip() for line in table()] == ["one", "one", "one-more"]
    library._write(ROWS[:2], [])
    assert [line.split("|")[1].strip() for line in table()] == ["one", "one"]


@pytest.mark.parametrize("row", list(rows_of(all_scenarios(SCENARIOS))), ids=library._name)
def test_each_row_can_be_planned_with_every_template_filled(row):
    loaded, path, _ = prepared(row.scenario, (), (row.mutation,) if row.mutation else (), row.path)
    plan = plan_of(loaded.scenario, path, Images(None, recipe_folders(loaded.workdir), progress=print))
    assert plan.phases

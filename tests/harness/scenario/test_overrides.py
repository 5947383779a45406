from __future__ import annotations

import pytest

from harness.errors import Position
from tests.harness.scenario.conftest import SMALL


def test_overrides_change_what_the_file_says(load) -> None:
    scenario = load(
        None,
        "budgets.rto=1s",
        "traffic.requests[0].name=first",
        "smoke[0]={uses: http, get: /other}",
        "releases.bad=v1",
        'releases.catalogue["v3.1"]={values: {schema: "3"}}',
        "paths.naive.remedies=[]",
        "stack.services.aws.port=8001",
        "windows={soak: 1s}",
        "windows.settle=2",
    ).scenario
    assert scenario.budgets.rto == 1
    assert scenario.traffic.requests[0].name == "first"
    assert scenario.smoke[0].get == "/other"
    assert scenario.releases.bad == "v1"
    assert scenario.releases.catalogue["v3.1"].values == {"schema": "3"}
    assert scenario.stack.services["aws"].port == 8001
    assert (scenario.windows.soak, scenario.windows.settle) == (1, 2)


def test_the_last_override_wins_and_all_are_kept(load, small) -> None:
    loaded = load(None, "title=one", "title=two")
    assert loaded.scenario.title == "two"
    assert loaded.changes == ("title=one", "title=two")
    assert small.read_text() == SMALL


def test_an_override_repairs_a_file(load) -> None:
    scenario = load({"get: /}]}": "get: /}], rate: 0}"}, "traffic.rate=5").scenario
    assert scenario.traffic.rate == 5


def test_an_override_behind_an_alias_changes_one_place_only(load) -> None:
    change = {
        'v1: {values: {schema: "1"}}': 'v1: &base {values: {schema: "1"}}',
        'v2: {values: {schema: "2"}}': "v2: *base",
    }
    releases = load(change, "releases.catalogue.v2.values.schema='9'").scenario.releases.catalogue
    assert (releases["v1"].values, releases["v2"].values) == ({"schema": "1"}, {"schema": "9"})


@pytest.mark.parametrize(
    ("override", "column", "key", "expected", "seen", "suggestion"),
    [
        ("title", 1, "title", "KEY=VALUE", "no `=`", ""),
        ("a..b=1", 1, "a..b=1", "a key path such as", "'a..b'", ""),
        ("=1", 1, "=1", "a key path such as", "''", ""),
        ("budgets.rot=1s", 1, "budgets.rot", "one of the keys rto, rpo", "the unknown key 'rot'", "rto"),
        ("budgts.rto=1s", 1, "budgts", "one of the keys drill, name", "the unknown key 'budgts'", "budgets"),
        ("paths.naiv.bad=v1", 1, "paths.naiv", "one of naive", "'naiv'", "naive"),
        ("budgets.rto=soon", 13, "budgets.rto", "a duration such as", "'soon'", ""),
        ("budgets.rto=", 1, "budgets.rto", "a duration such as", "nothing", ""),
        ("budgets.rto=[1", 15, "budgets.rto", "valid YAML", "", ""),
        ("budgets={rto: 1s, rtp: 0}", 19, "budgets.rtp", "one of the keys", "the unknown key 'rtp'", "rpo"),
        ("budgets={rto: 1s, rto: 2s}", 19, "budgets.rto", "each key once", "it again (the first one is at 2:10)", ""),
        ("smoke[1].get=/", 1, "smoke[1]", "an index below 1", "1", ""),
        ("smoke.get=/", 1, "smoke.get", "an index, as in `smoke[0]`", "'get'", ""),
        ("traffic.requests.read=/", 1, "traffic.requests.read", "an index", "'read'", "[0]"),
        ("title.x=1", 1, "title.x", "a mapping at `title`", "'As small as a scenario can be'", ""),
        ("budgets[0]=1", 1, "budgets[0]", "a list at `budgets`", "nothing", ""),
        ("title=yes", 7, "title", "true, false or text in quotes", "yes, which YAML reads as true", '"yes"'),
        ("title=*a", 7, "title", "valid YAML; its reader says: found undefined alias", "", ""),
        ("title=a\0b", 8, "title", "printable text", "the character NUL", ""),
        ("name=other", 6, "name", "the name of the file", "'other'", "small"),
    ],
)
def test_a_wrong_override_is_placed_on_the_command_line(
    complaints, override, column, key, expected, seen, suggestion
) -> None:
    [said] = complaints(None, "description=a good one", override)
    assert said.where == Position("--set", 2, column)
    assert (said.key, said.seen, said.suggestion) == (key, seen, suggestion)
    assert said.expected.startswith(expected)


def test_complaints_about_the_file_come_first(complaints) -> None:
    said = complaints({"[rollback.sh]": "[]"}, "title=", "budgets.rto=x")
    assert [each.where.file.rsplit("/")[-1] for each in said] == ["small.yaml", "--set", "--set"]

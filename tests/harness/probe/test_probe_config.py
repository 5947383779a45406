from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from pydantic import ValidationError

from harness.probe.config import RequestSpec, Traffic
from harness.probe.plan import planned_requests
from tests.harness.probe.shop import orders


def spec(**fields: Any) -> RequestSpec:
    return RequestSpec.model_validate({"name": "r", "get": "/", **fields})


def test_the_same_seed_plans_the_same_requests_and_another_seed_others() -> None:
    def first(traffic: Traffic) -> list[str]:
        return [planned.request for planned in islice(planned_requests(traffic, "run"), 50)]

    assert first(orders()) == first(orders())
    assert first(orders()) != first(orders(seed=2))


def test_a_request_is_due_at_its_number_over_the_rate_with_its_own_key() -> None:
    planned = islice(planned_requests(orders(rate=50), "run"), 3)
    assert [(each.due, each.key) for each in planned] == [(0, "run-0"), (0.02, "run-1"), (0.04, "run-2")]


def test_weights_and_ranges_are_kept() -> None:
    planned = list(islice(planned_requests(orders(), "run"), 5000))
    reads = [each for each in planned if each.spec.name == "read"]
    assert 0.77 < len(reads) / len(planned) < 0.83  # 5 sigma of a binomial with p = 0.8; the seed is fixed
    assert {each.request for each in reads} == {f"GET /orders/{n}" for n in range(1, 201)}


def test_templates_are_filled_everywhere() -> None:
    filled = spec(
        get=None, post="/o/{{ n }}", vary={"n": [7, 7]}, headers={"K": "{{ key }}"},
        json={"list": ["{{ n }}", "x{{ n }}", None, 1.5], "run": "{{ run }}"}, expect={"contains": "{{ n * 100 }}"},
    ).fill({"n": 7}, run="R", key="R-0")  # fmt: skip
    assert (filled.method, filled.path, filled.headers, filled.contains) == ("POST", "/o/7", {"K": "R-0"}, "700")
    assert filled.body == {"list": [7, "x7", None, 1.5], "run": "R"}


def test_a_template_that_fails_for_one_number_becomes_a_sample_and_no_crash() -> None:
    traffic = Traffic.model_validate({"requests": [{"name": "r", "get": "/{{ 1 // (n - 2) }}", "vary": {"n": [1, 3]}}]})
    planned = list(islice(planned_requests(traffic, "run"), 30))
    broken = [each for each in planned if each.filled is None]
    assert 0 < len(broken) < 30
    assert all(each.problem.startswith("template: cannot fill") and each.request == "GET" for each in broken)


@pytest.mark.parametrize(
    ("fields", "where", "message"),
    [
        ({"post": "/"}, (), "exactly one of `get`, `post`, `put`, `delete`, got get, post"),
        ({"get": None}, (), "got none"),
        ({"get": "orders"}, ("get",), "should match pattern"),
        ({"get": "/{{ n"}, ("get",), "a template; unexpected end"),
        ({"get": "/{{ n }}"}, (), "'n' is undefined"),
        ({"headers": {"X": "{{ m }}"}}, (), "'m' is undefined"),
        ({"json": {"a": ["{{ m }}"]}}, (), "'m' is undefined"),
        ({"get": "/{{ 1 // n }}", "vary": {"n": [0, 5]}}, (), "division"),
        ({"vary": {"n": [5, 1]}}, ("vary", "n"), "lowest, highest"),
        ({"vary": {"key": [1, 2]}}, (), "other than key and run"),
        ({"vary": {"a b": [1, 2]}}, ("vary", "a b", "[key]"), "pattern"),
        ({"expect": {"status": []}}, ("expect", "status"), "at least 1"),
        ({"expect": {"status": 99}}, ("expect", "status", 0), "greater than or equal to 100"),
        ({"weight": 0}, ("weight",), "greater than or equal to 1"),
        ({"jsn": 1}, ("jsn",), "Extra inputs"),
    ],
)
def test_a_wrong_request_is_refused_at_its_key(fields: dict[str, Any], where: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        spec(**fields)
    (error,) = caught.value.errors()
    assert error["loc"] == where
    assert message in error["msg"]


@pytest.mark.parametrize("pattern", ["version", "(a)(b)", "("])
def test_the_pattern_of_a_version_has_one_group(pattern: str) -> None:
    with pytest.raises(ValidationError, match="regular expression"):
        Traffic(version_body=pattern, requests=[spec(get="/")])


def test_a_single_status_is_a_list_of_one_and_the_schema_says_so() -> None:
    assert spec(expect={"status": 204}).expect.status == [204]
    status = RequestSpec.model_json_schema()["$defs"]["Expect"]["properties"]["status"]
    assert [option["type"] for option in status["anyOf"]] == ["integer", "array"]


def test_names_are_distinct_and_traffic_survives_the_way_to_the_worker() -> None:
    with pytest.raises(ValidationError, match="a different `name`"):
        Traffic.model_validate({"requests": [{"name": "r", "get": "/"}, {"name": "r", "get": "/b"}]})
    assert Traffic.model_validate_json(orders().model_dump_json(by_alias=True)) == orders()

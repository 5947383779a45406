"""Filling a field: what it may do, and that one line cannot eat the machine."""

import pytest

from harness.errors import UsageProblem
from harness.template import render

NAMES = {"release": {"id": "v1", "values": {"items": "x"}}, "n": 17}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("{{ release.id }}", "v1"),
        ("{{ release.values.items }}", "x"),
        ("{{ n * 100 }} {{ n % 5 }}", "1700 2"),
        ("{{ release.values.nope | default('none') }}", "none"),
        ("{{ release.id.removeprefix('v') }}{{ release.id | upper }}", "1V1"),
        ("{% raw %}{{.State}}{% endraw %}", "{{.State}}"),
    ],
)
def test_what_a_field_may_do(text, filled):
    assert render(text, NAMES) == filled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ 'a' * 10**10 }}", "not for texts, lists and powers"),
        ("{{ 'a' * 10000000000 }}", "not for texts, lists and powers"),
        ("{{ 9 ** 9 ** 9 }}", "not for texts, lists and powers"),
        ("{{ [1] * 10000000000 }}", "not for texts, lists and powers"),
        ("{{ '%9999999999d' % 1 }}", "not for texts, lists and powers"),
        ("{{ 'a' | center(10000000000) }}", "No filter named 'center'"),
        ("{{ 'a'.ljust(10000000000) }}", "unsafe"),
        ("{{ '{:>9999999999}'.format(1) }}", "unsafe"),
        ("{{ '{:>9999999999}'['format'](1) }}", "unsafe"),
        ("{{ release.__class__.__mro__ }}", "unsafe"),
        ("{% set x = 'aa' %}{{ x }}", "only `{{ }}` is allowed"),
        ("{{ nobody }}", "'nobody' is undefined"),
        ("{{ 1 / 0 }}", "division by zero"),
    ],
)
def test_what_a_field_may_not_do(text, said):
    with pytest.raises(UsageProblem, match="cannot fill") as problem:
        render(text, NAMES)
    assert said in problem.value.message


def test_a_field_has_a_longest_length():
    with pytest.raises(UsageProblem, match="at most 65,536"):
        render("{{ x }}{{ x }}", {"x": "a" * 40_000})

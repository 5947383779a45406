"""Whatever a scenario says: it is valid, or there are complaints. Never anything else."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.errors import ScenarioProblem
from harness.scenario.load import load_scenario
from harness.scenario.tree import dotted, parse_keys
from tests.harness.scenario.conftest import SHIPPED

LEAVES = (
    "yes",
    "0004",
    "2024-01-01",
    "[]",
    "{}",
    "null",
    "-1",
    ".inf",
    '"text"',
    "{{ x }}",
    "&a [*a]",
    "!!set {a}",
    "<<",
    "=",
    "0x_",
)
PUNCTUATION = "{}[],:&*!|>'\"%@`#-?\t "
ANYTHING = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def _mutated(text: str, rng: random.Random, changes: int) -> str:
    lines = text.splitlines()
    for _ in range(changes):
        at = rng.randrange(len(lines))
        line = lines[at]
        key, colon, _ = line.partition(":")
        cut = rng.randrange(len(line) + 1)
        lines[at : at + 1] = rng.choice(
            [
                [],
                [line, line],
                [rng.choice(lines), line],
                [" " * rng.randrange(1, 5) + line],
                [line[2:]],
                ["\t" + line],
                [f"{key}{colon} {rng.choice(LEAVES)}"],
                [line[:cut] + rng.choice(PUNCTUATION) + line[cut:]],
            ]
        )
        lines = lines or [""]
    return "\n".join(lines)


def _judged(file: Path, text: str) -> None:
    file.write_text(text)
    try:
        loaded = load_scenario(file, known_findings=("D3",))
    except ScenarioProblem as problem:
        assert problem.complaints
        for each in problem.complaints:
            assert each.where.file == str(file)
            assert 1 <= each.where.line <= len(text.splitlines()) + 1
            assert each.expected
    else:
        assert loaded.scenario.name == file.stem


def _local(file: Path) -> str:
    return file.read_text().replace("../drills/workloads/shop", ".")


@ANYTHING
@given(rng=st.randoms(use_true_random=False), changes=st.integers(1, 4), file=st.sampled_from(SHIPPED))
def test_other_text(small: Path, rng: random.Random, changes: int, file: Path) -> None:
    _judged(small.with_name(file.name), _mutated(_local(file), rng, changes))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=6) | st.integers() | st.none(), inner, max_size=3)
    ),
    max_leaves=6,
)


@ANYTHING
@given(value=VALUES, rng=st.randoms(use_true_random=False), file=st.sampled_from(SHIPPED))
def test_other_values(small: Path, value: object, rng: random.Random, file: Path) -> None:
    data = inside = yaml.safe_load(_local(file))
    while True:
        key = rng.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        if not isinstance(inside[key], dict | list) or not inside[key] or rng.random() < 0.3:
            break
        inside = inside[key]
    inside[key] = value
    _judged(small.with_name(file.name), yaml.safe_dump(data, allow_unicode=True))


@ANYTHING
@given(
    key=st.sampled_from(["title", "budgets.rto", "traffic.requests[0].get", "paths.naive", "a.b", ""]),
    value=st.text(max_size=30),
)
def test_other_overrides(small: Path, key: str, value: str) -> None:
    try:
        loaded = load_scenario(small, [f"{key}={value}"])
    except ScenarioProblem as problem:
        assert {each.where.file for each in problem.complaints} <= {"--set", str(small)}
    else:
        assert loaded.changes == (f"{key}={value}",)


KEYS = st.lists(
    st.integers(0, 99) | st.text(st.characters(exclude_characters='"', min_codepoint=33), min_size=1), min_size=1
)


@given(KEYS)
def test_key_paths_are_read_as_they_are_written(keys: list[str | int]) -> None:
    assert parse_keys(dotted(tuple(keys))) == tuple(keys)


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", "a b", "a]"])
def test_no_key_paths(text: str) -> None:
    with pytest.raises(ValueError, match="a key path such as"):
        parse_keys(text)

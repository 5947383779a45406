"""What a file may be, and what YAML makes of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.errors import Position, ScenarioProblem
from harness.scenario.load import load_scenario
from tests.harness.scenario.conftest import SMALL


@pytest.mark.parametrize(
    ("content", "line", "column", "expected", "seen"),
    [
        (b"", 1, 1, "a scenario", "an empty file"),
        (b"---\n...\n", 2, 1, "a mapping", "nothing"),
        (b"drill", 1, 1, "a mapping", "'drill'"),
        (b"drill: 1\nname: \xff\n", 2, 7, "UTF-8 text", "the byte 0xff"),
        ("drill: 1\n".encode("utf-16"), 1, 1, "UTF-8 text", "UTF-16"),
        (b"drill: 1\nname: a\0b\n", 2, 8, "printable text", "the character NUL"),
        (b"drill: 1\nname: a\x07b\n", 2, 8, "printable text", "the character U+0007"),
        (b"#" * 300_000, 1, 1, "at most 256 KiB", "293 KiB"),
        (b"#" * 10_000_000, 1, 1, "at most 256 KiB", "9766 KiB"),
        (b"a: " + b"[" * 100_000, 1, 43, "at most 40 levels of nesting", ""),
        (b"a: [" + b"1," * 100_000 + b"]", 1, 39_999, "at most 20000 values", ""),
    ],
    ids=["empty", "null", "text", "utf-8", "utf-16", "nul", "bell", "300k", "10M", "deep", "many"],
)
def test_files_that_are_no_scenario(
    small: Path, content: bytes, line: int, column: int, expected: str, seen: str
) -> None:
    small.write_bytes(content)
    with pytest.raises(ScenarioProblem) as caught:
        load_scenario(small)
    [said] = caught.value.complaints
    assert said.where == Position(str(small), line, column)
    assert said.key == ""
    assert expected in said.expected
    assert said.seen == seen


def test_a_byte_order_mark_is_no_mistake(small: Path) -> None:
    small.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_scenario(small).scenario.name == "small"


def test_windows_line_ends_are_no_mistake(small: Path) -> None:
    small.write_bytes(SMALL.replace("\n", "\r\n").replace("rollback.sh", "{{ x }}").encode())
    with pytest.raises(ScenarioProblem) as caught:
        load_scenario(small)
    assert caught.value.complaints[0].where.line == 18


def test_what_is_not_a_file(small: Path) -> None:
    pipe = small.with_name("pipe.yaml")
    os.mkfifo(pipe)
    cases = {
        small.with_name("smal.yaml"): ("nothing with this name", "small.yaml"),
        small.parent / "no" / "such.yaml": ("nothing with this name", ""),
        small.parent: ("a folder", ""),
        pipe: ("something that is not a file", ""),
        small.with_name("x" * 300): ("File name too long", ""),
    }
    for path, (seen, suggestion) in cases.items():
        with pytest.raises(ScenarioProblem) as caught:
            load_scenario(path)
        [said] = caught.value.complaints
        assert (said.where, said.seen, said.suggestion) == (Position(str(path), 1, 1), seen, suggestion)


def test_aliases_and_merge_keys_work(load) -> None:
    scenario = load(
        {
            'v1: {values: {schema: "1"}}': 'v1: &base {version: one, values: {schema: "1"}}',
            'v2: {values: {schema: "2"}}': "v2: {<<: *base, version: two}\n    v3: *base",
        }
    ).scenario
    releases = scenario.releases.catalogue
    assert (releases["v2"].version, dict(releases["v2"].values)) == ("two", {"schema": "1"})
    assert releases["v3"] == releases["v1"]


def test_a_mistake_in_a_merged_key_is_where_it_was_written(complaints) -> None:
    [first, second] = complaints(
        {
            'v1: {values: {schema: "1"}}': "v1: &base {values: {schema: 1}}",
            'v2: {values: {schema: "2"}}': "v2: {<<: *base}",
        }
    )
    assert [each.key for each in (first, second)] == [
        f"releases.catalogue.{name}.values.schema" for name in ("v1", "v2")
    ]
    assert first.where == second.where
    assert first.where.line == 12


@pytest.mark.parametrize(
    ("written", "expected", "seen", "suggestion"),
    [
        ("1_000", "text", "1_000, which YAML reads as the number 1000", '"1_000"'),
        ("0x1F", "text", "0x1F, which YAML reads as the number 31", '"0x1F"'),
        ("22:30", "text", "22:30, which YAML reads as the number 1350", '"22:30"'),
        ("1.50", "text", "1.50, which YAML reads as the number 1.5", '"1.50"'),
        ("010", "a number without leading zeros", "010, which YAML reads as the number 8", '"010"'),
        ("off", "true, false or text in quotes", "off, which YAML reads as false", '"off"'),
        ("TRUE", "text", "true", '"TRUE"'),
        ("~", "text", "~, which YAML reads as nothing", '"~"'),
        ("", "text", "nothing", ""),
        ("[a, b]", "text", "a list of 2", ""),
        ("{a: b}", "text", "a mapping", ""),
        ("0b_", "a number that can be read", "0b_", ""),
        ("9" * 5000, "a number that can be read", "9" * 59 + "…", ""),
        ("0x" + "f" * 5000, "a number below 2^63", "0x" + "f" * 57 + "…", ""),
        ("2001-99-99", "text in quotes", "2001-99-99, which YAML reads as a date", '"2001-99-99"'),
        ('"\\ud800"', "text without NUL and half characters", "'\\ud800'", ""),
        ('"a\\0b"', "text without NUL and half characters", "'a\\x00b'", ""),
        ("!!int five", "plain YAML without tags", "the tag !!int", ""),
        ("!secret five", "plain YAML without tags", "the tag !secret", ""),
        ("!!set {a, b}", "plain YAML without tags", "the tag !!set", ""),
    ],
)
def test_values_that_are_no_text(complaints, written: str, expected: str, seen: str, suggestion: str) -> None:
    [said] = complaints({"As small as a scenario can be": written})
    assert said.key == "title"
    assert (said.where.line, said.expected.startswith(expected), said.seen, said.suggestion) == (
        3,
        True,
        seen,
        suggestion,
    )


@pytest.mark.parametrize("written", ["=", "<<", "0008", "!!str 0008", "! 0008", "1e5", "y"])
def test_values_that_are_text_after_all(load, written: str) -> None:
    assert load({"As small as a scenario can be": written}).scenario.title == written.split()[-1]


@pytest.mark.parametrize(
    ("line", "key", "seen"),
    [
        ("yes: 1", "yes", "yes, which YAML reads as true"),
        ("? [a]\n: 1", "", "a list of 1"),
        ("~: 1", "~", "~, which YAML reads as nothing"),
        ("2024-01-01: 1", "2024-01-01", "'2024-01-01'"),
    ],
)
def test_keys_that_are_no_text(complaints, line: str, key: str, seen: str) -> None:
    said = complaints({"teaches: [D3]": f"teaches: [D3]\n{line}"})[0]
    assert (said.where.line, said.key, said.expected, said.seen) == (5, key, "text as a key", seen)


def test_several_documents_and_directives(complaints) -> None:
    [said] = complaints({"stack:": "...\n---\nstack:"})
    assert (said.where.line, said.expected) == (6, "one YAML document in a file")

"""Every file in broken/ with everything that has to be said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.errors import ScenarioProblem
from harness.plugins import CHECKS, SERVICES, registered
from harness.scenario.load import load_scenario
from tests.harness.scenario.conftest import FINDINGS

BROKEN = Path(__file__).with_name("broken")
CATALOGUE_NEEDED = {"finding", "path-finding"}


# file, line, the text that the position points at, key, part of "expected", part of "seen", suggestion
def one_of(group: str) -> str:
    """What a field says that takes a plug-in; whoever adds one changes no test."""
    return f"one of {', '.join(registered(group))}"


EXPECTED = [
    ("alias-bomb", 5, "&a4", "", "at most 20000 values, aliases expanded", "", ""),
    ("bracket", 5, ":", "", "valid YAML; its reader says: expected ',' or ']'", "", ""),
    ("check-service", 23, "ddb", "smoke[0].service", "a service of `stack.services` (db, aws)", "'ddb'", "db"),
    ("choice", 26, "brokn", "paths.naive.first_attempt", "one of clean, broken", "'brokn'", "broken"),
    ("colon", 3, ": with", "", "valid YAML; its reader says: mapping values are not allowed here", "", ""),
    ("date", 3, "2024-01-31", "title", "text in quotes", "2024-01-31, which YAML reads as a date", '"2024-01-31"'),
    ("duplicate-key", 20, "rate: 60", "traffic.rate", "each key once", "the first one is at 19:3", ""),
    ("duration", 20, "5 seconds", "traffic.timeout", "a duration such as 250ms, 5s", "'5 seconds'", ""),
    ("empty", 1, "", "", "a scenario", "an empty file", ""),
    ("finding", 4, "D33", "teaches[0]", "an id of the failure-mode catalogue (D3, D4)", "'D33'", "D3"),
    ("identifier", 12, "v2", "releases.bad", "a release of `releases.catalogue` (v1, V2)", "'v2'", "V2"),
    ("identifier", 15, "V2", "releases.catalogue.V2", "as a key lower-case letters, digits", "'V2'", ""),
    ("list", 1, "- drill", "", "a mapping", "a list of 2", ""),
    ("merge-bomb", 9, "[*a3", "", "at most 20000 values, aliases expanded", "", ""),
    (
        "missing-key",
        1,
        "drill",
        "title",
        "this key",
        "only drill, name, teaches",
        "",
    ),
    ("missing-nested-key", 27, "name", "paths.naive.rollback.steps", "this key (what the team does", "only name", ""),
    ("no-plugin", 23, "{get", "smoke[0].uses", one_of(CHECKS), "no such key", ""),
    ("number-for-text", 15, "4", "releases.catalogue.v2.values.schema", "text", "the number 4", '"4"'),
    (
        "octal",
        14,
        "0003",
        "releases.catalogue.v1.values.schema",
        "without leading zeros",
        "0003, which YAML reads as the number 3",
        '"0003"',
    ),
    ("other-name", 2, "other", "name", "the name of the file, other-name", "'other'", "other-name"),
    ("out-of-range", 19, "0", "traffic.rate", "a number greater than 0", "the number 0", ""),
    ("path-finding", 27, "E77", "paths.naive.findings[0]", "an id of the failure-mode catalogue", "'E77'", ""),
    ("path-reference", 26, "vv2", "paths.naive.bad", "a release of `releases.catalogue` (v1, v2)", "'vv2'", "v2"),
    (
        "plugin-choice",
        9,
        "ministak",
        "stack.services.aws.engine",
        "one of ministack, localstack, endpoint",
        "'ministak'",
        "ministack",
    ),
    (
        "plugin-key",
        6,
        "servcie",
        "stack.platform.servcie",
        "one of the keys uses, endpoint, service",
        "the unknown key 'servcie'",
        "service",
    ),
    ("recursive-alias", 4, "&loop", "", "no alias inside of what it stands for", "", ""),
    ("release-reference", 12, "v22", "releases.bad", "a release of `releases.catalogue`", "'v22'", "v2"),
    ("secrets", 5, "AWS_SECRET", "secrets[1]", "no AWS variable", "'AWS_SECRET_ACCESS_KEY'", ""),
    ("service-reference", 18, "dbb", "committed_writes.service", "a service of `stack.services`", "'dbb'", "db"),
    ("tabs", 11, "\t", "", "spaces for indentation", "a tab", ""),
    ("tag", 3, "!!python", "title", "plain YAML without tags", "the tag !!python/object:os.system", ""),
    (
        "template-key",
        17,
        '"{{',
        "deploy[0].run[1]",
        "`release` with id or version or image or values",
        "'release.imag'",
        "image",
    ),
    (
        "template-name",
        17,
        '"{{',
        "deploy[0].run[1]",
        "a template that begins with one of run, release",
        "'relaese'",
        "release",
    ),
    ("template-quotes", 17, "{ release", "deploy[0].run[1]", "a template needs quotes", "braces without quotes", ""),
    ("template-syntax", 17, '"{{', "deploy[0].run[1]", "a template that Jinja can read", "unexpected '}'", ""),
    (
        "template-value",
        17,
        '"{{',
        "deploy[0].run[1]",
        "`release.values` with schema",
        "'release.values.shema'",
        "schema",
    ),
    ("text-key", 11, "v1", "releases.good", "a release of `releases.catalogue` (404, v2)", "'v1'", ""),
    ("text-key", 14, "404", "releases.catalogue.404", "text as a key", "the number 404", '"404"'),
    ("traffic-template", 21, "{name", "traffic.requests[0]", "templates that can be filled", "", ""),
    ("true-for-number", 19, "true", "traffic.rate", "a number", "true", ""),
    ("truth", 19, "yes", "traffic.rate", "true, false or text in quotes", "yes, which YAML reads as true", '"yes"'),
    ("two-documents", 5, "---", "", "one YAML document in a file", "a second one", ""),
    ("two-methods", 21, "{name", "traffic.requests[0]", "exactly one of `get`, `post`", "get, post", ""),
    ("unknown-alias", 4, "*ids", "", "found undefined alias 'ids'", "", ""),
    ("unknown-key", 1, "drill", "title", "this key", "only drill, name, titel", ""),
    ("unknown-key", 3, "titel", "titel", "one of the keys drill, name, title", "the unknown key 'titel'", "title"),
    ("unknown-nested-key", 19, "rat:", "traffic.rat", "one of the keys rate", "the unknown key 'rat'", "rate"),
    (
        "unknown-plugin",
        8,
        "postgress",
        "stack.services.db.uses",
        one_of(SERVICES),
        "'postgress'",
        "postgres",
    ),
    ("validator", 26, "[D3]", "paths.naive.findings", "exactly where `first_attempt` is `broken`", "", ""),
    ("workdir", 5, "../brokn", "workdir", "a folder that exists", "'../brokn'", "../broken"),
    ("teaches-nothing", 1, "drill", "", "`teaches` with the failure modes of path 'naive'", "", ""),
    ("wrong-type", 4, "D3", "teaches", "a list", "'D3'", ""),
]


@pytest.mark.parametrize("name", sorted({row[0] for row in EXPECTED}))
def test_everything_wrong_is_said_and_nothing_else(name: str) -> None:
    file = BROKEN / f"{name}.yaml"
    rows = [row[1:] for row in EXPECTED if row[0] == name]
    with pytest.raises(ScenarioProblem) as caught:
        load_scenario(file, known_findings=FINDINGS)
    said = caught.value.complaints
    assert [(each.where.file, each.where.line, each.key, each.suggestion) for each in said] == [
        (str(file), line, key, suggestion) for line, _, key, _, _, suggestion in rows
    ]
    lines = file.read_text().splitlines()
    for complaint, (line, pointed_at, _, expected, seen, _) in zip(said, rows, strict=True):
        assert lines[line - 1][complaint.where.column - 1 :].startswith(pointed_at)
        assert expected in complaint.expected
        assert seen in complaint.seen
        assert not any(word in str(complaint) for word in ("Input", "valid string", "dictionary", "validation error"))


def test_every_broken_file_is_in_the_table() -> None:
    assert {file.stem for file in BROKEN.glob("*")} == {row[0] for row in EXPECTED}
    assert len(EXPECTED) >= 20


@pytest.mark.parametrize("name", sorted({row[0] for row in EXPECTED} - CATALOGUE_NEEDED))
def test_the_command_says_the_same_and_exits_with_3(name: str) -> None:
    file = BROKEN / f"{name}.yaml"
    result = CliRunner().invoke(main, ["validate", str(file)])
    assert result.exit_code == 3
    assert isinstance(result.exception, SystemExit)
    assert "Traceback" not in result.output
    for _, line, _, key, expected, _, _ in (row for row in EXPECTED if row[0] == name):
        said = next(
            each for each in result.output.splitlines() if each.startswith(f"{file}:{line}:") and expected in each
        )
        assert f" {key or 'the file'}: expected " in said

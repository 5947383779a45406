"""``drill modes``: the catalogue by what is drilled, and the page that is written from it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.app import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def modes(monkeypatch):
    monkeypatch.chdir(ROOT)
    return lambda *options: CliRunner().invoke(main, ["modes", *options], catch_exceptions=False).output


def test_the_page_is_what_the_scenarios_say(modes):
    assert (ROOT / "docs" / "failure-modes.md").read_text() == modes("--markdown"), "drill modes --markdown > docs/…"


def test_a_mode_names_the_scenarios_that_teach_it_and_those_that_must_find_it(modes):
    known = {each["id"]: each for each in json.loads(modes("--json"))}
    assert known["D3"]["scenarios"] == known["D3"]["findings"] == ["ecs-bad-migration"]
    assert all(each["sources"] for each in known.values())
    assert "{" not in known["D3"]["why"]


def test_people_see_what_is_not_drilled_yet(modes):
    lines = {line.split()[0].rstrip("★"): line for line in modes().splitlines() if line.split()}
    assert "vps-stale-workers" in lines["V1"]
    without = [each["id"] for each in json.loads(modes("--json")) if not each["scenarios"]]
    assert [name for name in without if not lines[name].rstrip().endswith("-")] == []

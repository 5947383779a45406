from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import Complaint, ScenarioProblem
from harness.scenario.load import Loaded, load_scenario

ROOT = Path(__file__).parents[3]
SHIPPED = sorted((ROOT / "scenarios").glob("*.yaml"))
FINDINGS = ("D3", "D4")
SMALL = """\
drill: 1
name: small
title: As small as a scenario can be
teaches: [D3]
stack:
  platform: {uses: ecs}
  services: {db: {uses: postgres}, aws: {uses: aws}}
releases:
  good: v1
  bad: v2
  catalogue:
    v1: {values: {schema: "1"}}
    v2: {values: {schema: "2"}}
deploy: [{run: [deploy.sh]}]
traffic: {requests: [{name: read, get: /}]}
smoke: [{uses: http, get: /}]
paths:
  naive: {rollback: {name: rollback, steps: [{run: [rollback.sh]}]}}
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A valid scenario file that a test may change."""
    file = tmp_path / "small.yaml"
    file.write_text(SMALL)
    return file


@pytest.fixture
def load(small: Path) -> Callable[..., Loaded]:
    """Load the small scenario, changed: `load({"old": "new"}, "budgets.rto=1s")`."""

    def call(changes: dict[str, str] | None = None, *overrides: str) -> Loaded:
        text = SMALL
        for old, new in (changes or {}).items():
            assert text.count(old) == 1, f"{old!r} has to be there once"
            text = text.replace(old, new)
        small.write_text(text)
        return load_scenario(small, overrides, known_findings=FINDINGS)

    return call


@pytest.fixture
def complaints(load: Callable[..., Loaded]) -> Callable[..., list[Complaint]]:
    """The complaints about the small scenario, changed as for `load`."""

    def call(changes: dict[str, str] | None = None, *overrides: str) -> list[Complaint]:
        with pytest.raises(ScenarioProblem) as caught:
            load(changes, *overrides)
        return caught.value.complaints

    return call

"""The first drill, both paths, and the mutations that prove that it can come out otherwise."""

import json
from contextlib import suppress

import docker
import pytest
from docker.errors import NotFound

from tests.live.conftest import SHORT

SCENARIO = "ecs-bad-migration"


def test_the_naive_path_breaks_by_d3_and_the_forward_fix_recovers(start):
    drill = start(SCENARIO)
    assert drill.end() == 0, drill.output
    record = drill.record
    assert record["verdict"] == "passed"
    assert [each["mode"] for each in record["findings"]] == ["D3"]
    assert [each["recovered"] for each in record["attempts"]] == [False, True]
    assert record["writes"]["lost"] == 0 and record["writes"]["acknowledged"] > 0
    assert 0 < record["outage"]["duration"] < record["budgets"]["rto"]

    first = drill.report.split("\n## ")[1]
    assert first.startswith("What broke on the first attempt")
    for said in ("D3", "UndefinedColumn", "total_cents", "GET /orders/"):
        assert said in first
    residue = {(row["layer"], row["key"]): row["residue_class"] for row in record["residue"]}
    assert residue[("schema", "orders.amount")] == "harmless"
    assert not any("breaks" in each or "lost" in each for each in residue.values()), residue
    for file in ("run.json", "timeline.jsonl", "requests.jsonl", "junit.xml", "outage.svg"):
        assert (drill.folder / file).stat().st_size > 0


def test_the_prepared_path_is_clean(start):
    drill = start(SCENARIO, "--path", "prepared", *SHORT)
    assert drill.end() == 0, drill.output
    assert drill.record["findings"] == []
    assert [each["recovered"] for each in drill.record["attempts"]] == [True]


@pytest.mark.parametrize(
    ("change", "verdict", "code"),
    [
        (("--without", "fault"), "inconclusive", 2),
        (("--without", "remedies"), "failed", 1),
        (("--set", "budgets.rto=1s"), "failed", 1),
    ],
    ids=["without fault", "without remedies", "RTO of 1 s"],
)
def test_the_drill_can_come_out_otherwise(start, change, verdict, code):
    drill = start(SCENARIO, *SHORT, *change)
    assert (drill.end(), drill.record["verdict"]) == (code, verdict), drill.output


def test_a_rollback_without_the_right_to_act_is_told_by_the_call_that_was_refused(start):
    sabotage = "deny:ecs:UpdateService"
    drill = start(SCENARIO, "--path", "prepared", *SHORT, "--sabotage", sabotage)
    assert drill.end() == 1, drill.output
    assert [each["mode"] for each in drill.record["findings"]] == ["M1"]
    [step] = drill.record["attempts"][0]["steps"]
    refused = step["calls"][-1]
    assert (refused["action"], refused["by"]) == ("UpdateService", f"sabotage {sabotage}")
    assert "is not authorized to perform: ecs:UpdateService" in refused["error"]
    assert "`ecs:DescribeServices" in drill.report and "until the first call" in drill.report


@pytest.mark.parametrize(
    ("sabotage", "said"),
    [
        ("throttle:ecs:UpdateService", "Rate exceeded"),
        ("cut:ecs:UpdateService", "Connection was closed"),
        ("delay:ecs:UpdateService:10m", "ended after its timeout of 20 s"),
    ],
)
def test_a_sabotaged_rollback_ends_within_the_timeout_of_its_step_and_is_tried_again(start, sabotage, said):
    limit = ("--set", "paths.prepared.rollback.steps[0].timeout=20s")
    drill = start(SCENARIO, "--path", "prepared", *SHORT, *limit, "--sabotage", sabotage)
    assert drill.end() == 0, drill.output
    assert "Traceback" not in drill.output
    attempt, again = drill.record["attempts"]
    assert (attempt["recovered"], again["recovered"]) == (False, True)
    [step] = attempt["steps"]
    assert {call["by"] for call in step["calls"] if call["by"]} == {f"sabotage {sabotage}"}
    assert any(said in line for finding in drill.record["findings"] for line in finding["evidence"]), drill.report


def test_a_bad_release_under_the_good_ones_name_is_inconclusive(start):
    drill = start(SCENARIO, *SHORT, "--set", "releases.bad=v1")
    assert (drill.end(), drill.record["verdict"]) == (2, "inconclusive"), drill.output


def test_residue_after_the_naive_attempt_names_the_column_that_broke_it(start):
    drill = start(SCENARIO, *SHORT, "--without", "remedies")
    drill.end()
    rows = {(row["layer"], row["key"]): row["residue_class"] for row in drill.record["residue"]}
    assert rows[("schema", "orders.total_cents")] == "breaks the old release"
    assert rows[("schema", "orders.amount")] == "breaks the old release"
    # A renamed column has lost no data, and whatever else differs does the old release no harm.
    assert {layer for layer, _ in rows} == {"schema", "migration head"}
    assert {each for where, each in rows.items() if where[0] != "schema"} == {"harmless"}


def test_real_credentials_reach_nothing(start):
    key, secret = "AKIAREALREALREALREAL", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"
    drill = start(
        SCENARIO, *SHORT, env={"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_PROFILE": "prod"}
    )
    drill.reach("detect")
    client = docker.from_env()
    network = f"drill-{drill.folder.name}-net"
    containers = client.containers.list(filters={"network": network}, ignore_removed=True)
    assert len(containers) >= 4
    for container in containers:
        seen = json.dumps(container.attrs)
        with suppress(NotFound):  # a task that the deployment replaces goes meanwhile
            seen += container.logs().decode("utf-8", "replace")
        assert key not in seen and secret not in seen
    assert drill.end() == 0, drill.output
    for file in drill.folder.rglob("*"):
        if file.is_file():
            text = file.read_text(errors="replace")
            assert key not in text and secret not in text, file
    assert key not in drill.output and secret not in drill.output

"""Functions behind an alias: whole drills on a machine without a container engine."""

import signal

from tests.live.conftest import SHORT

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_a_deleted_version_is_named_and_publishing_again_recovers(start):
    drill = start("lambda-pruned-version", *SHORT, env=NO_ENGINE)
    assert drill.end() == 0, drill.output
    assert [each["mode"] for each in drill.record["findings"]] == ["L4"]
    refused = drill.record["attempts"][0]["steps"][0]["calls"][-1]
    assert (refused["action"], refused["status"]) == ("UpdateAlias", 404)
    assert "rule lambda-alias-unknown-version" in refused["by"]


def test_a_forgotten_trigger_is_found_by_the_teams_smoke_command_and_counts_until_it_is_back(start):
    drill = start("lambda-forgotten-trigger", *SHORT, env=NO_ENGINE)
    assert drill.end() == 0, drill.output
    [finding] = drill.record["findings"]
    assert (finding["mode"], finding["check"]) == ("L2", "a receipt by queue")
    assert any("total 17, written by v2" in line for line in finding["evidence"])
    first, second = drill.record["attempts"]
    assert [(row["layer"], row["before"], row["after"]) for row in first["residue"] if row["layer"] == "triggers"] == [
        ("triggers", "v1", "v2")
    ]
    recovery = next(each for each in drill.record["metrics"] if each["name"] == "recovery time")
    assert recovery["value"] > second["started"] - drill.record["outage"]["first_bad"]


def test_kill_9_in_a_rollback_leaves_no_process(start):
    drill = start("lambda-pruned-version", *SHORT, env=NO_ENGINE)
    drill.reach("attempt")
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []


def test_a_bad_release_that_is_never_served_proves_nothing(start):
    changes = ("--set", "releases.catalogue.v2.version=v9", "--set", "fault.within=3s")
    drill = start("lambda-pruned-version", *SHORT, *changes, env=NO_ENGINE)
    assert (drill.end(), drill.record["verdict"]) == (2, "inconclusive"), drill.output
    assert "v2 never served on every instance (alias live: version 2, 100%: v2)" in drill.record["reasons"][0]

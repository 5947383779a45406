"""Software that nobody here wrote, from its package registry: examples/, each path as docs/examples tells it."""

import pytest

from tests.live.conftest import ROOT, SHORT

pytestmark = pytest.mark.timeout(1500)
"""The first drill of a host makes the images: Prefect's takes a minute, PocketBase is compiled."""
SETTLED = (*SHORT, "--set", "windows.soak=10s")
"""A server that has just started is slow: in a shorter time none of its users may have got an answer yet."""
EXAMPLES = {"prefect": "prefect-upgrade", "pocketbase": "pocketbase-upgrade"}


def scenario(service):
    return str(ROOT / "examples" / service / f"{EXAMPLES[service]}.yaml")


def missed(drill, attempt):
    """Names of the checks that did not pass in the verification of an attempt."""
    checks = [each for each in drill.record["checks"] if each["purpose"] == "verify" and each["attempt"] == attempt]
    return {each["result"]["name"] for each in checks if each["result"]["outcome"] != "pass"}


def broke(record):
    """Each finding with the attempt after which it was made."""
    return [(each["attempt"], each["mode"]) for each in record["findings"]]


@pytest.mark.parametrize("service", EXAMPLES)
def test_the_prepared_path_recovers_at_once_and_loses_nothing(start, service):
    drill = start(scenario(service), "--path", "prepared", *SETTLED)
    assert drill.end(timeout=1400) == 0, drill.output
    record = drill.record
    assert [each["recovered"] for each in record["attempts"]] == [True]
    assert record["writes"]["acknowledged"] > 0
    assert record["writes"]["lost"] == 0
    assert drill.gone() == []


def test_the_image_before_does_not_start_and_the_downgrade_brings_no_rows_back(start):
    drill = start(scenario("prefect"), *SETTLED)
    assert drill.end(timeout=1400) == 0, drill.output
    record = drill.record
    assert broke(record) == [(1, "D2"), (2, "unclassified")]
    assert [each["recovered"] for each in record["attempts"]] == [False, False, True]
    assert "Can't locate revision identified by '4160a4841eed'" in drill.report
    assert "list notification policies" in missed(drill, 2)
    assert record["writes"]["lost"] == 0
    assert drill.gone() == []


def test_the_binary_before_is_healthy_and_stores_nothing_so_the_path_fails(start):
    drill = start(scenario("pocketbase"), *SETTLED)
    assert drill.end(timeout=1400) == 1, drill.output
    record = drill.record
    assert broke(record) == [(1, "D6"), (2, "D8")]
    assert [each["recovered"] for each in record["attempts"]] == [False, False, True]
    assert "health" not in missed(drill, 1)
    assert "acknowledged writes" in missed(drill, 2)
    assert record["writes"]["lost"] > 0
    [reason] = record["reasons"]
    assert "acknowledged writes are lost" in reason
    assert drill.gone() == []

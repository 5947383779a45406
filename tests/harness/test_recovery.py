"""What the users' failing requests give as evidence: how they failed, and what the service said of them."""

from types import SimpleNamespace

from harness.probe.samples import Sample, request_id
from harness.runner.recovery import _users_still_fail


def sample(seq, name="read an order", status=500, error="status 500"):
    return Sample(seq, name, "GET /orders/1", False, seq, seq, seq, status, "v1", not error, "", error)


def evidence(log, *samples):
    """Evidence of ``samples`` since second 10, on a platform whose log lines by request id are ``log``."""
    asked = []

    def logs(containing):
        asked.append(containing)
        return [line for key, line in log.items() if containing == key]

    session = SimpleNamespace(
        samples=lambda: samples,
        timeline=SimpleNamespace(now=lambda: 20.0),
        windows=SimpleNamespace(min_success=0.995),
        stack=SimpleNamespace(platform=SimpleNamespace(logs=logs)),
    )
    return _users_still_fail(session, 10.0).evidence, asked


def test_the_newest_failing_request_of_each_kind_speaks_by_its_line_in_the_log():
    log = {
        request_id(12): "log: an old reason",
        request_id(15): "log: cached plan must not change result type",
        request_id(16): "log: no such column",
    }
    said, asked = evidence(log, sample(12), sample(15), sample(16, name="place an order"))
    assert said == (
        "read an order: status 500",
        "place an order: status 500",
        "log: cached plan must not change result type",
        "log: no such column",
    )
    assert asked == [request_id(15), request_id(16)]


def test_a_request_that_no_service_answered_with_an_error_has_nobody_to_ask():
    said, asked = evidence(
        {request_id(11): "access line"},
        sample(11, status=200, error="wrong content"),
        sample(12, status=0, error="ConnectionRefused"),
        sample(13, error=""),
        sample(9),
    )
    assert said == ("read an order: wrong content", "read an order: ConnectionRefused")
    assert asked == []

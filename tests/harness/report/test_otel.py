"""Spans of a run, as a real OTLP/HTTP receiver gets them; and endpoints that do not answer as they should."""

import gzip
import socket
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from harness.events import VerdictReached
from harness.model import Verdict
from harness.report import trace, write_report
from harness.report.otel import send_trace
from tests.harness.runs import Drill

ANCHOR = 1795381451 * 10**9


class Receiver(ThreadingHTTPServer):
    """Keeps what was sent to it; answers ``status``."""

    daemon_threads = True

    def __init__(self, status):
        self.status = status
        self.paths = []
        self.requests = []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def spans(self):
        scopes = [scope for each in self.requests for group in each.resource_spans for scope in group.scope_spans]
        return [span for scope in scopes for span in scope.spans]


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        self.server.paths.append(self.path)
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextmanager
def receiving(status=200):
    with Receiver(status) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def run(tmp_path):
    def call(drill=None, verdict=Verdict.PASSED):
        drill = drill or Drill()
        drill.extra = ((54.05, VerdictReached(verdict=verdict, reasons=("because",))),)
        return drill.write(tmp_path / "runs" / "r")

    return call


@pytest.fixture
def report(monkeypatch):
    """Only this reporter; answers what it complained about."""

    def call(folder, endpoint):
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        told = []
        record = write_report(
            folder, reporters={"trace": send_trace}, on_problem=lambda name, problem: told.append(str(problem))
        )
        return record, told

    return call


def attributes(span):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def test_run_attempts_phases_and_steps_arrive_with_their_times(run, report):
    with receiving() as server:
        assert report(run(), server.url)[1] == []
    assert server.paths == ["/v1/traces"]
    resource = server.requests[0].resource_spans[0].resource
    assert {each.key: each.value.string_value for each in resource.attributes}["service.name"] == "drill"
    by_id = {span.span_id: span for span in server.spans}
    (whole,) = [span for span in server.spans if not span.parent_span_id]
    assert (whole.name, whole.start_time_unix_nano) == ("drill ecs-bad-migration", ANCHOR)
    assert attributes(whole).items() >= {
        "drill.verdict": "passed", "drill.path": "naive", "drill.recovery_time": 22.0
    }.items()  # fmt: skip
    events = {event.name: (event.time_unix_nano - ANCHOR) / 1e9 for event in whole.events}
    assert events == pytest.approx({"first bad response": 19.0, "detected": 22.1, "recovered": 41.0})
    (step,) = [span for span in server.spans if span.name == "rollback.sh" and attempt_of(span, by_id) == 1]
    assert attributes(step)["process.exit.code"] == 0
    assert (step.end_time_unix_nano - step.start_time_unix_nano) / 1e9 == pytest.approx(4.3)
    assert [above.name for above in ancestors(step, by_id)] == [
        "attempt", "attempt 1: previous task definition", "drill ecs-bad-migration"
    ]  # fmt: skip
    assert {span.trace_id for span in server.spans} == {whole.trace_id}


def ancestors(span, by_id):
    while span := by_id.get(span.parent_span_id):
        yield span


def attempt_of(span, by_id):
    return next(
        (told["drill.attempt"] for told in map(attributes, ancestors(span, by_id)) if "drill.attempt" in told), 0
    )


def test_what_broke_is_an_error_with_its_finding(run, report):
    with receiving() as server:
        report(run(), server.url)
    attempts = sorted((span for span in server.spans if span.name.startswith("attempt ")), key=lambda span: span.name)
    assert [span.status.code for span in attempts] == [Status.STATUS_CODE_ERROR, Status.STATUS_CODE_OK]
    assert [event.name for event in attempts[0].events] == ["finding"]
    assert attributes(attempts[0].events[0])["drill.finding"] == "D3"


def test_a_run_that_did_not_pass_or_was_killed_is_an_error(run, report):
    for drill, verdict in ((Drill(), Verdict.INCONCLUSIVE), (Drill(until=30.0), Verdict.PASSED)):
        with receiving() as server:
            report(run(drill, verdict), server.url)
        (whole,) = [span for span in server.spans if not span.parent_span_id]
        assert whole.status.code == Status.STATUS_CODE_ERROR
        assert all(span.end_time_unix_nano >= span.start_time_unix_nano for span in server.spans)


def test_sent_again_it_is_the_same_trace(run, report):
    folder, ids = run(), []
    for _ in range(2):
        with receiving() as server:
            report(folder, server.url)
        ids.append([(span.trace_id, span.span_id) for span in server.spans])
    assert ids[0] == ids[1]


def test_nothing_is_sent_unless_an_endpoint_is_named(run, monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setattr(trace, "send", lambda made: pytest.fail("it sent"))
    write_report(run(), reporters={"trace": send_trace}, on_problem=lambda name, problem: pytest.fail(str(problem)))


def test_another_protocol_is_refused_by_name(run, report, monkeypatch):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    assert report(run(), "http://127.0.0.1:1")[1] == ["OTLP protocol 'grpc' is not spoken"]


def test_an_endpoint_that_refuses_costs_a_note_and_no_verdict(run, report):
    with receiving(400) as server:
        record, told = report(run(), server.url)
    assert (record.verdict, len(told), "127.0.0.1" in told[0]) == (Verdict.PASSED, 1, True)


@contextmanager
def endless():
    """An endpoint whose answer never ends: every read gets a byte, so no timeout of a read is ever due."""
    over = threading.Event()

    def answer(listener):
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not over.wait(0.05):
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_an_answer_that_never_ends_does_not_hold_the_run(run, report, monkeypatch):
    monkeypatch.setattr(trace, "PATIENCE", 0.3)
    with endless() as url:
        record, told = report(run(), url)  # returns at all
    assert (record.verdict, len(told)) == (Verdict.PASSED, 1)


@pytest.mark.parametrize("listening", [True, False])
def test_an_endpoint_that_is_silent_or_gone_costs_a_note(run, report, monkeypatch, listening):
    monkeypatch.setattr(trace, "PATIENCE", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        if listening:
            silent.listen()
        record, told = report(run(), f"http://user:hidden@127.0.0.1:{silent.getsockname()[1]}")
    assert (record.verdict, len(told), "hidden" in told[0]) == (Verdict.PASSED, 1, False)

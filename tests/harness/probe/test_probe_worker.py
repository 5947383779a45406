"""The worker as a real process against a real server on 127.0.0.1."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import EnvironmentProblem
from harness.probe.analysis import acknowledged_writes, latency
from harness.probe.process import Probe
from harness.probe.samples import Sample, read_samples, request_id
from tests.harness.probe.shop import PATIENCE, Shop, eventually, orders

Launch = Callable[..., Probe]


def samples_of(probe: Probe, at_least: int, that: Callable[[Sample], bool] = lambda _: True) -> list[Sample]:
    def enough() -> bool:
        probe.require_alive()
        return sum(map(that, read_samples(probe.log))) >= at_least

    eventually(enough, f"{at_least} such samples")
    return [sample for sample in read_samples(probe.log) if that(sample)]


def finished(probe: Probe) -> list[Sample]:
    assert probe.stop(PATIENCE) == 0
    samples = read_samples(probe.log)
    assert [sample.seq for sample in samples] == list(range(len(samples))), "a request without a line"
    return samples


def test_a_good_server_gives_good_samples_and_every_write_a_key_of_its_own(shop: Shop, launch: Launch) -> None:
    probe = launch(orders(), shop.url)
    samples_of(probe, 20, lambda sample: sample.write)
    samples = finished(probe)
    assert {(each.ok, each.version, each.error) for each in samples} == {(True, "v1", "")}
    assert {(each.name, each.status) for each in samples} == {("read", 200), ("write", 201)}
    assert all(each.intended <= each.start <= each.end for each in samples)

    sent = [headers["Idempotency-Key"] for request, headers, _ in shop.received if request.startswith("POST")]
    assert Counter(sent) == Counter(each.key for each in samples if each.write)
    assert acknowledged_writes(samples) == set(sent) and len(set(sent)) == len(sent)
    assert {each.key for each in samples if not each.write} == {""}
    named = [{name.lower(): value for name, value in headers.items()} for _, headers, _ in shop.received]
    assert sorted(each["x-request-id"] for each in named) == [request_id(each.seq) for each in samples]
    assert Counter(request for request, _, _ in shop.received) == Counter(each.request for each in samples)
    bodies = [body for request, _, body in shop.received if request.startswith("POST")]
    assert {(body["sku"], type(body["n"])) for body in bodies} == {("a-run-7f3a", int)}  # type: ignore[index]


@pytest.mark.parametrize(("header", "versions"), [("X-Version", {"v1"}), ("X-Nobody", set("0123456789"))])
def test_the_version_is_in_the_body_where_no_header_tells_it(
    shop: Shop, launch: Launch, header: str, versions: set[str]
) -> None:
    probe = launch(orders(version_header=header, version_body=r'"total_cents": (\d)'), shop.url)
    samples_of(probe, 20)
    assert {each.version for each in finished(probe) if each.status} <= versions


def test_a_stall_stops_no_later_request_and_is_in_the_latency(shop: Shop, launch: Launch) -> None:
    probe = launch(orders(), shop.url)
    samples_of(probe, 5)
    shop.close_gate()
    eventually(lambda: shop.waiting >= 50, "50 requests sent while not one is answered")
    shop.open()
    samples_of(probe, 100, lambda sample: sample.ok)
    samples = finished(probe)

    first = samples[0].intended
    assert [each.intended for each in samples] == [pytest.approx(first + each.seq / 100, abs=2e-6) for each in samples]
    # 50 requests of a 100/s schedule were waiting at once, so one of them waited 0.49 s or longer.
    slowest = max(samples, key=lambda each: each.end - each.intended)
    waited = latency([slowest])
    assert waited is not None and waited.p50 >= 490


def test_beyond_the_limit_in_flight_requests_are_recorded_as_overload(shop: Shop, launch: Launch) -> None:
    shop.close_gate()
    probe = launch(orders(in_flight=5), shop.url)
    overload = samples_of(probe, 10, lambda sample: sample.error == "overload")
    assert {(each.ok, each.status) for each in overload} == {(False, 0)}
    assert len(shop.received) == shop.waiting == 5
    shop.open()
    finished(probe)


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [
        ("error", 500, "status 500"),
        ("redirect", 302, "status 302"),
        ("cut", 200, "ClientPayload"),
        ("lie", 200, 'body: expected \'"total_cents": '),
    ],
)
def test_what_is_not_as_expected_is_not_ok(shop: Shop, launch: Launch, mode: str, status: int, error: str) -> None:
    shop.mode = mode
    probe = launch(orders(), shop.url)
    samples_of(probe, 10, lambda sample: not sample.ok)
    reads = [sample for sample in finished(probe) if sample.name == "read"]
    assert {(each.ok, each.status, each.version) for each in reads} == {(False, status, "v1")}
    assert all(each.error.startswith(error) for each in reads)
    assert "hunter2" not in probe.log.read_text(), "text of a response may hold secrets"


def test_nobody_listening_and_no_answer_are_told_apart(shop: Shop, launch: Launch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, not listening: refuses, and nobody else can take it
        probe = launch(orders(), f"http://127.0.0.1:{unused.getsockname()[1]}")
        refused = samples_of(probe, 5)
        finished(probe)
    assert {(each.ok, each.status, each.error) for each in refused} == {(False, 0, "ConnectionRefused")}


def test_sigterm_waits_for_what_is_in_flight_and_logs_all_of_it(shop: Shop, launch: Launch) -> None:
    shop.close_gate()
    probe = launch(orders(timeout="1s"), shop.url)
    eventually(lambda: shop.waiting >= 10, "10 requests in flight")
    samples = finished(probe)
    assert {each.error for each in samples} == {"timeout"}
    assert len(samples) == len(shop.received) >= 10
    assert not probe.alive() and probe.stop() == 0


def test_stop_kills_a_worker_that_does_not_end(shop: Shop, launch: Launch) -> None:
    probe = launch(orders(), shop.url)
    samples_of(probe, 1)
    os.kill(probe.pid, signal.SIGSTOP)
    assert probe.stop(timeout=0.1) == -signal.SIGKILL


def test_ctrl_c_in_the_terminal_does_not_reach_the_traffic(shop: Shop, launch: Launch) -> None:
    probe = launch(orders(), shop.url)
    before = len(samples_of(probe, 1))
    os.kill(probe.pid, signal.SIGINT)
    samples_of(probe, before + 20)
    assert os.getsid(probe.pid) == probe.pid
    finished(probe)


PARENT = """
import sys, time
from pathlib import Path
from harness.probe.config import Traffic
from harness.probe.process import Probe
traffic = Traffic.model_validate_json(sys.argv[1])
print(Probe.start(traffic, sys.argv[2], "run", time.monotonic(), Path(sys.argv[3]), {}).pid, flush=True)
sys.stdin.read()
"""


def test_the_worker_ends_when_its_parent_is_killed(shop: Shop, tmp_path: Path) -> None:
    shop.close_gate()  # with requests in flight that will never be answered
    arguments = [orders().model_dump_json(by_alias=True), shop.url, str(tmp_path)]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert parent.stdout is not None and parent.stdin is not None
    worker = os.pidfd_open(int(parent.stdout.readline()))
    eventually(lambda: shop.waiting >= 5, "5 requests in flight")
    parent.kill()
    parent.wait()
    ended, _, _ = select.select([worker], [], [], PATIENCE)
    parent.stdin.close(), parent.stdout.close(), os.close(worker)
    assert ended, "the worker outlived its parent"
    assert {each.error for each in read_samples(tmp_path / "requests.jsonl")} == {"cut off by the end of the probe"}


def test_the_end_of_the_thread_that_started_it_is_no_death_of_the_parent(shop: Shop, launch: Launch) -> None:
    probes: list[Probe] = []

    def start() -> None:
        probes.append(launch(orders(), shop.url))
        samples_of(probes[0], 1)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    samples_of(probes[0], len(read_samples(probes[0].log)) + 50)
    finished(probes[0])


def test_proxies_and_netrc_of_the_user_are_not_read(shop: Shop, launch: Launch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    probe = launch(orders(), shop.url, {"HOME": str(tmp_path), "http_proxy": "http://127.0.0.1:9", "no_proxy": ""})
    samples_of(probe, 5)
    assert all(sample.ok for sample in finished(probe))
    assert not any("Authorization" in headers for _, headers, _ in shop.received)


def test_a_worker_that_cannot_work_says_why(tmp_path: Path) -> None:
    (tmp_path / "requests.jsonl").mkdir()
    probe = Probe.start(orders(), "http://127.0.0.1:9", "run", time.monotonic(), tmp_path, {})
    eventually(lambda: not probe.alive(), "the end of a worker that cannot open its log")
    with pytest.raises(EnvironmentProblem, match="IsADirectoryError"):
        probe.require_alive()

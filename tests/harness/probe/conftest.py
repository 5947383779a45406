from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from harness.probe.config import Traffic
from harness.probe.process import Probe
from tests.harness.probe.shop import Shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop()
    server.start()
    yield server
    server.end()


@pytest.fixture
def launch(tmp_path: Path) -> Iterator[Callable[..., Probe]]:
    running: list[Probe] = []

    def start(traffic: Traffic, url: str, env: Mapping[str, str] | None = None) -> Probe:
        probe = Probe.start(traffic, url, "run-7f3a", time.monotonic(), tmp_path, env or {})
        running.append(probe)
        return probe

    yield start
    for probe in running:
        probe.stop(timeout=0.0)

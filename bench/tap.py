"""(c) What the tap costs: the same API call past it and through it, in turns."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import boto3
from botocore.config import Config

from bench.endpoint import ministack
from drills.aws import REGION
from drills.aws_api import AwsDialect
from harness.tap import Taps


def tap_costs(calls: int) -> tuple[list[float], list[float]]:
    """Seconds of each call, without and with the tap."""
    with tempfile.TemporaryDirectory() as folder, ministack(Path(folder)) as url:
        taps = Taps([].append)
        direct, tapped = (_timed(each) for each in (url, taps.open(url, AwsDialect()).url))
        times = [(direct(), tapped()) for _ in range(calls)]
        taps.close()
    return [each[0] for each in times], [each[1] for each in times]


def _timed(url: str) -> Callable[[], float]:
    client = boto3.client(
        "ecs",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="drill",
        aws_secret_access_key="drill",
        config=Config(proxies={}),
    )
    client.list_clusters()

    def call() -> float:
        began = time.perf_counter()
        client.list_clusters()
        return time.perf_counter() - began

    return call

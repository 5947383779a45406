"""An endpoint (ministack without containers) behind a tap."""

import time

import boto3
import pytest
from botocore.config import Config

from bench.endpoint import ministack
from drills.aws import REGION
from drills.aws_api import AwsDialect
from drills.aws_identity import KEY, Credentials
from harness.tap import Taps, parse_sabotage


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory):
    with ministack(tmp_path_factory.mktemp("ministack")) as url:
        yield url


class Tapped:
    """Open taps on the endpoint, what they wrote, and clients that go through them."""

    def __init__(self, endpoint, *sabotages):
        self.calls = []
        self.taps = Taps(self.calls.append)
        self.sabotages = [parse_sabotage(each) for each in sabotages]
        self.clock = time.time
        dialect = AwsDialect()
        mine = Credentials(clock=lambda: self.clock())
        dialect.rules = tuple(mine if isinstance(each, Credentials) else each for each in dialect.rules)
        self.url = self.taps.open(endpoint, dialect).url

    def arm(self):
        self.taps.sabotage(*self.sabotages)

    def client(self, service, *, key=KEY, secret="drill", token=None, **config):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(proxies={}, retries={"total_max_attempts": 1}, **config),
        )

    def said(self):
        return [(call.service, call.action, call.resource, call.status) for call in self.calls]


@pytest.fixture
def tapped(endpoint):
    opened = []

    def call(*sabotages):
        opened.append(Tapped(endpoint, *sabotages))
        return opened[-1]

    yield call
    for each in opened:
        each.taps.close()

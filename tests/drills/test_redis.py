"""What a real Redis and a real rq look like for residue."""

import pickle
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker

from drills.redis import RunningRedis
from harness.containers import RunningContainer, engine_client
from harness.images import Images
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.residue import differences

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

DRILLS = Path(__file__).parents[2] / "drills"
ORDER = {"id": 17, "sku": "mug"}


@pytest.fixture
def running() -> Iterator[RunningRedis]:
    client = engine_client()
    tag = Images(lambda: client, [DRILLS / "images"], print).resolve("redis").tag
    name = f"redis-test-{uuid.uuid4().hex[:8]}"
    container = client.containers.run(tag, name=name, detach=True, network="bridge")
    try:
        found = RunningRedis(RunningContainer(name, container, "bridge"), "cache", "flags")
        assert wait_until(found.version, 20)
        yield found
    finally:
        container.remove(force=True, v=True)


def rows(before, running):
    found = differences(before, running.snapshot(), [running])
    return [(each.layer, each.key, each.before, each.after, each.residue_class) for each in found]


def test_a_format_that_the_old_release_does_not_know(running):
    with redis.Redis.from_url(running.environment()["REDIS_URL"]) as client:
        for number in range(3):
            client.set(f"order:{number}", pickle.dumps(ORDER, protocol=4))
        client.hset("flags", "promo", "off")
        before = running.snapshot()
        client.set("order:17", zlib.compress(b"x"))
        client.set("order:v2:17", zlib.compress(b"x"))
        client.hset("flags", "promo", "on")
        assert rows(before, running) == [
            ("cache keys", "order:*", "pickle protocol 4", "pickle protocol 4 | zlib", ResidueClass.BREAKS_OLD_RELEASE),
            ("cache keys", "order:v2:*", "absent", "zlib", ResidueClass.HARMLESS),
            ("flags", "promo", "off", "on", ResidueClass.BREAKS_OLD_RELEASE),
        ]


def job(number: int) -> None:
    """What the old release has."""


def test_jobs_that_the_old_worker_does_not_know(running):
    with redis.Redis.from_url(running.environment()["REDIS_URL"]) as client:
        queue = Queue("mails", connection=client)
        name, worker = f"{__name__}.job", SimpleWorker([queue], connection=client)
        queue.enqueue(name, 1)
        worker.work(burst=True)
        before = running.snapshot()

        queue.enqueue(name, 2)
        queue.enqueue(name, 3, locale="de")
        waits = ("jobs waiting", f"mails: {name}(1, locale=)", "absent", "waits", ResidueClass.BREAKS_OLD_RELEASE)
        assert rows(before, running) == [waits, ("queue depth", "mails", "0", "2", ResidueClass.HARMLESS)]

        worker.work(burst=True)
        assert rows(before, running) == [("jobs failed", "mails", "0", "1", ResidueClass.LOST_OR_CHANGED_DATA)]

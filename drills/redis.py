"""Stack service ``redis``: cache, flags and job queues in a real Redis, and what they look like for residue.

What an old release can read depends on the format of values, so that is what is compared: not the values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import redis
from pydantic import Field

from drills.redis_shapes import pattern, readable, value_format
from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration

PORT = 6379
_MOST = 20_000
"""Keys that a snapshot looks at; a cache of a drill holds a few hundred."""
_CACHE, _FLAGS = "cache keys", "flags"


class Redis(ServiceConfig):
    """Redis from the image recipe ``redis``; nothing in it outlives the run."""

    uses: Literal["redis"] = "redis"
    recipe: str = Field(default="redis", description="image recipe")
    flags: str = Field(default="flags", description="hash whose fields are feature flags, a layer of their own")
    timeout: Duration = Field(default=30.0, description="until it answers")

    def needs(self) -> Sequence[Need]:
        """An engine and the image."""
        return (Need(kind="engine", name="container engine"), Need(kind="image", name=self.recipe))

    def start(self, name: str, run: Run) -> RunningRedis:
        """Start it and wait until it answers."""
        container = run.containers.start(name, run.images.resolve(self.recipe).tag)
        running = RunningRedis(container, name, self.flags)
        version = wait_until(running.version, self.timeout)
        if version is None:
            raise ProvisionProblem(
                f"Redis {container.name} did not answer within {self.timeout:g} s",
                next_step=f"its last words:\n{container.tail()}",
            )
        run.timeline.write(StackFact(name="cache and queue", value=f"Redis {version}"))
        return running


@dataclass
class RunningRedis:
    """A running Redis."""

    container: RunningContainer
    host: str
    flags: str

    def environment(self) -> Mapping[str, str]:
        """``REDIS_URL`` for commands on this host, ``REDIS_HOST`` as the run's network sees it."""
        return {"REDIS_URL": f"redis://{self.container.address}:{PORT}/0", "REDIS_HOST": self.host}

    def names(self) -> Mapping[str, str]:
        """``host``, ``port``, ``address``."""
        return {"host": self.host, "port": str(PORT), "address": self.container.address}

    def version(self) -> str | None:
        """Version of the server; None while it does not answer."""
        try:
            with self._connect() as client:
                return str(client.info("server")["redis_version"])
        except redis.RedisError:
            return None

    def _connect(self) -> redis.Redis:
        return redis.Redis(self.container.address, PORT, socket_timeout=5)

    def snapshot(self) -> Layers:
        """Cache keys by the format of their values, and flags.

        Raises:
            ConnectionError: the server cannot be reached.
        """
        try:
            with self._connect() as client:
                flags = {_text(name): _text(value) for name, value in client.hgetall(self.flags).items()}
                return {_CACHE: self._formats(client), _FLAGS: flags}
        except redis.RedisError as problem:
            raise ConnectionError(f"Redis {self.container.name}: {problem}") from problem

    def _formats(self, client: redis.Redis) -> dict[str, str]:
        keys = list(islice(client.scan_iter(count=1000, _type="string"), _MOST))
        found: dict[str, set[str]] = {}
        for key, value in zip(keys, client.mget(keys) if keys else (), strict=True):
            if isinstance(value, bytes):
                found.setdefault(pattern(_text(key)), set()).add(value_format(value))
        return {name: " | ".join(sorted(formats)) for name, formats in found.items()}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A format that was not there under that name breaks the old release; so does a flag that was not set so."""
        if layer == _CACHE:
            return ResidueClass.HARMLESS if readable(before, after) else ResidueClass.BREAKS_OLD_RELEASE
        return ResidueClass.BREAKS_OLD_RELEASE if layer == _FLAGS else None


def _text(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")

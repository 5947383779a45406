"""Stack service ``redis``: cache, flags and job queues in a real Redis, and what they look like for residue.

What an old release can read depends on the format of values, so that is what is compared: not the values themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import redis
from pydantic import Field

from drills.redis_shapes import call, pattern, readable, value_format
from harness.containers import RunningContainer
from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.spi import Layers, Need, Run, ServiceConfig
from harness.units import Duration

PORT = 6379
_RQ = "rq:"
_JOB = "rq:job:"
"""Prefixes of everything that is rq's own, and of a job's hash."""
_MOST = 20_000
"""Keys that a snapshot looks at; a cache of a drill holds a few hundred."""
_CACHE, _FLAGS, _DEPTH, _WAITING, _FAILED = "cache keys", "flags", "queue depth", "jobs waiting", "jobs failed"
_CLASSES = {
    _FLAGS: ResidueClass.BREAKS_OLD_RELEASE,
    _DEPTH: ResidueClass.HARMLESS,
    _FAILED: ResidueClass.LOST_OR_CHANGED_DATA,
}
"""A flag that was not set so is unexplained; a longer queue is load; a failed job is work that was promised."""


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
    _known: set[str] | None = field(default=None, init=False)
    """Calls of all jobs that were kept at S0, done ones too: those the old release knows."""

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
        """Cache keys by the format of their values, flags, and rq's queues: depth, calls that S0 had none of, failures.

        Raises:
            ConnectionError: the server cannot be reached.
        """
        try:
            with self._connect() as client:
                flags = {_text(name): _text(value) for name, value in client.hgetall(self.flags).items()}
                return {_CACHE: self._formats(client), _FLAGS: flags, **self._queues(client)}
        except redis.RedisError as problem:
            raise ConnectionError(f"Redis {self.container.name}: {problem}") from problem

    def _formats(self, client: redis.Redis) -> dict[str, str]:
        strings = (key for key in client.scan_iter(count=1000, _type="string") if not _text(key).startswith(_RQ))
        keys = list(islice(strings, _MOST))
        found: dict[str, set[str]] = {}
        for key, value in zip(keys, client.mget(keys) if keys else (), strict=True):
            if isinstance(value, bytes):
                found.setdefault(pattern(_text(key)), set()).add(value_format(value))
        return {name: " | ".join(sorted(formats)) for name, formats in found.items()}

    def _queues(self, client: redis.Redis) -> Layers:
        """As rq lays them out: a list of job ids for each queue, a hash for each job, a sorted set of failed ids."""
        if self._known is None:
            self._known = self._calls(client, [key[len(_JOB) :] for key in client.scan_iter(f"{_JOB}*", count=1000)])
        layers: Layers = {_DEPTH: {}, _WAITING: {}, _FAILED: {}}
        for full in sorted(client.smembers(f"{_RQ}queues")):
            queue = _text(full).removeprefix(f"{_RQ}queue:")
            waiting = client.lrange(full, 0, _MOST)
            layers[_DEPTH][queue] = str(len(waiting))
            layers[_FAILED][queue] = str(client.zcard(f"{_RQ}failed:{queue}"))
            strange = self._calls(client, waiting) - self._known
            layers[_WAITING] |= dict.fromkeys((f"{queue}: {each}" for each in strange), "waits")
        return layers

    @staticmethod
    def _calls(client: redis.Redis, jobs: Iterable[bytes | str]) -> set[str]:
        """By their description, never their data: that is a pickle of the workload's; loading it would run its code."""
        said = (client.hget(f"{_JOB}{_text(job)}", "description") for job in jobs)
        return {found for each in said if each and (found := call(_text(each)))}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A format or a call that was not there under that name breaks the old release."""
        if layer == _CACHE:
            return ResidueClass.HARMLESS if readable(before, after) else ResidueClass.BREAKS_OLD_RELEASE
        if layer == _WAITING:
            return ResidueClass.BREAKS_OLD_RELEASE if after else ResidueClass.HARMLESS
        return _CLASSES.get(layer)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8", "backslashreplace")

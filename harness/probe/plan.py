"""Which request comes when: drawn from a seed, endless, the same for the same traffic."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from harness.errors import UsageProblem
from harness.probe.config import Filled, RequestSpec, Traffic


@dataclass(frozen=True, slots=True)
class Planned:
    """One request of the schedule. ``filled`` is None where a template cannot be filled; ``problem`` says why."""

    seq: int
    due: float
    """Intended start, seconds after the first request's."""
    spec: RequestSpec
    key: str
    filled: Filled | None
    problem: str = ""

    @property
    def request(self) -> str:
        """Method and path, for the log."""
        return f"{self.filled.method} {self.filled.path}" if self.filled else self.spec.method


def planned_requests(traffic: Traffic, run: str) -> Iterator[Planned]:
    """The schedule of ``traffic``: request i is due at i / rate, with the idempotency key ``<run>-<i>``."""
    dice = random.Random(traffic.seed)
    weights = [spec.weight for spec in traffic.requests]
    seq = 0
    while True:
        (spec,) = dice.choices(traffic.requests, weights)
        drawn = {name: dice.randint(*bounds) for name, bounds in spec.vary.items()}
        yield _plan(seq, seq / traffic.rate, spec, f"{run}-{seq}", drawn, run)
        seq += 1


def _plan(seq: int, due: float, spec: RequestSpec, key: str, drawn: dict[str, int], run: str) -> Planned:
    try:
        return Planned(seq, due, spec, key, spec.fill(drawn, run=run, key=key))
    except UsageProblem as problem:
        return Planned(seq, due, spec, key, None, f"template: {problem.message}")

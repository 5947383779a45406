"""Sabotage of the machinery: what a scenario's user asks the tap to break, by action.

``KIND:SERVICE:ACTION[:HOW MUCH]``; service and action are shell patterns:

    deny:ecs:UpdateService          the caller has no permission
    throttle:ecs:*:3                the first 3 calls are throttled; every call without a number
    delay:ecs:Describe*:2s          each call waits
    cut:ecs:UpdateService           the connection is closed without an answer
    fail:*:*:10s                    5xx for 10 s from the first call; for ever without a duration
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal, cast, get_args

from harness.errors import UsageProblem
from harness.tap.model import Operation
from harness.units import parse_duration

Kind = Literal["deny", "throttle", "delay", "cut", "fail"]
DELAY = 2.0
"""Seconds of a ``delay`` that does not say how long."""


@dataclass
class Sabotage:
    """One thing that the tap breaks, while it is armed."""

    kind: Kind
    service: str
    action: str
    count: int | None = None
    """Calls that are hit, where a number is given."""
    seconds: float | None = None
    spec: str = ""
    _hits: int = field(default=0, init=False)
    _first: float | None = field(default=None, init=False)

    def hits(self, operation: Operation) -> bool:
        """Whether this call is broken; counts it."""
        if not (fnmatchcase(operation.service, self.service) and fnmatchcase(operation.action, self.action)):
            return False
        if self.count is not None and self._hits >= self.count:
            return False
        now = time.monotonic()
        self._first = now if self._first is None else self._first
        if self.kind == "fail" and self.seconds is not None and now - self._first > self.seconds:
            return False
        self._hits += 1
        return True


def parse_sabotage(spec: str) -> Sabotage:
    """The sabotage that ``spec`` describes. Raises UsageProblem."""
    kind, service, action, amount = [*spec.split(":", 3), "", "", "", ""][:4]
    if kind not in get_args(Kind) or not service or not action:
        raise UsageProblem(
            f"--sabotage: expected KIND:SERVICE:ACTION, got {spec!r}",
            next_step=f"kinds: {', '.join(get_args(Kind))}; such as deny:ecs:UpdateService",
        )
    sabotage = Sabotage(cast(Kind, kind), service, action, spec=spec)
    try:
        if kind == "throttle" and amount:
            sabotage.count = int(amount)
        elif kind in ("delay", "fail") and amount:
            sabotage.seconds = parse_duration(amount)
        elif amount:
            raise ValueError(f"{kind} takes no amount")
    except ValueError as problem:
        raise UsageProblem(f"--sabotage {spec!r}: {problem}", next_step="`drill run --help` has examples") from problem
    return sabotage

"""What the runner hands to the probe's process; apart from it, so that asking for a probe loads no HTTP client."""

from __future__ import annotations

from harness.model import Frozen
from harness.probe.config import Traffic


class Job(Frozen):
    """What the parent hands over."""

    traffic: Traffic
    base_url: str
    run: str
    anchor: float
    """Monotonic clock (CLOCK_MONOTONIC, one for the whole host) at which the run's time is 0, seconds."""
    parent: int
    """Process id whose death ends the probe."""

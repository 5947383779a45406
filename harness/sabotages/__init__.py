"""Sabotage of the machinery: what may break beside the release, while the team is rolling it back.

A saboteur breaks one thing for the length of attempt 1 and mends it again (ADR 24). Saboteurs are registered by name
under ``drill.sabotages``; those here know no platform, those of a platform or service are beside it.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.errors import EnvironmentProblem, UsageProblem
from harness.plugins import SABOTAGES, registered
from harness.scenario.models import Scenario
from harness.scenario.suggest import near
from harness.spi import Bench, Scope


@dataclass(frozen=True)
class Site:
    """Where a saboteur works: the stack of a run, its scenario, and dice that fall the same for the same seed."""

    bench: Bench
    scenario: Scenario
    path: str
    scope: Callable[[str], Scope]
    """Names for templates while the release of that id is deployed."""
    dice: random.Random

    @property
    def good(self) -> str:
        """Version of the release that the path goes back to."""
        release = self.scenario.releases.good
        return self.scenario.releases.catalogue[release].version or release


@dataclass(frozen=True)
class Ended:
    """What became of a sabotage: a line about it, and whether it came to pass at all."""

    said: str = ""
    met: bool = True


@dataclass(frozen=True)
class Armed:
    """A sabotage in effect."""

    what: str
    """What exactly is broken now, in one line."""
    undo: Callable[[], Ended]
    """Mends it, whatever the attempt has done meanwhile; has limits of its own, for no phase's limit ends it."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that the commands of the attempt get instead of the stack's."""
    entry: str = ""
    """Where the commands of the attempt find ``{{ stack.url }}``, if not where users enter."""


class NothingToBreak(EnvironmentProblem):
    """What the sabotage would break is not there, so nothing was tried."""


class Saboteur(ABC):
    """Breaks one thing."""

    name: str
    breaks: str
    """What it breaks, in one line."""
    passes: bool = False
    """Whether such a thing is over some time without the team's doing: then the same rollback is tried again."""
    simulated: bool = False
    """Whether the thing that breaks stands for another one."""

    @abstractmethod
    def applies(self, scenario: Scenario, path: str) -> str | None:
        """Why it has nothing to break on this path; None where it has."""

    def look(self, bench: Bench) -> None:  # noqa: B027
        """Asked once the stack runs. Raises UsageProblem where there is nothing to break after all."""

    def ready(self, site: Site) -> None:  # noqa: B027
        """Told when the good release serves: the last moment to keep something of it."""

    @abstractmethod
    def arm(self, site: Site) -> Armed:
        """Break it, and prove that it is broken; called before the first step of attempt 1.

        What it leaves outside of the run's containers and processes is planned in ``site.bench.run.ledger`` first.

        Raises:
            NothingToBreak: it is not there.
            EnvironmentProblem: it could not be broken.
        """


def saboteurs() -> Sequence[Saboteur]:
    """One of each, by name."""
    return [kind() for kind in registered(SABOTAGES).values()]


def saboteur(name: str) -> Saboteur:
    """The registered saboteur ``name``. Raises UsageProblem."""
    known = registered(SABOTAGES)
    if name not in known:
        guess = near(name, known)
        hint = f" (did you mean {guess!r}?)" if guess else ""
        raise UsageProblem(
            f"no sabotage {name!r}{hint}",
            next_step=f"there are: {', '.join(known)} (`drill sabotage --list`), or KIND:SERVICE:ACTION of an API",
        )
    found: Saboteur = known[name]()
    return found


def dice(seed: int, name: str) -> random.Random:
    """Dice of one sabotage: its throws do not depend on which others there are."""
    return random.Random(f"{seed} {name}")

"""``KIND:SERVICE:ACTION``: an API that refuses, throttles, delays or drops what the team's commands ask of it."""

from __future__ import annotations

from harness.errors import UsageProblem
from harness.sabotages import Armed, Ended, Saboteur, Site, saboteur
from harness.scenario.models import Scenario
from harness.spi import Bench
from harness.tap import Sabotage, parse_sabotage


class ApiSaboteur(Saboteur):
    """Breaks calls at the tap, as ``spec`` says (`harness.tap.sabotage`). Raises UsageProblem for another spec."""

    def __init__(self, spec: str) -> None:
        parse_sabotage(spec)
        self.name = spec
        # A right is given by somebody; the rest is over some time.
        self.passes = not spec.startswith("deny:")
        self.breaks = f"calls of the API: {spec}"

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """Only the running stack knows which APIs it has."""
        return None

    def look(self, bench: Bench) -> None:
        """Something has to be reached through a tap."""
        if not bench.run.taps:
            raise UsageProblem(
                f"--sabotage {self.name}: nothing in this stack is reached through a tap",
                next_step="only stacks with an HTTP API, such as the service `aws`, can be sabotaged so",
            )

    def arm(self, site: Site) -> Armed:
        """A fault of its own for every run: it counts what it has hit."""
        return at_the_taps(site, parse_sabotage(self.name))


def at_the_taps(site: Site, fault: Sabotage) -> Armed:
    """``fault`` in effect at every tap of the run's commands."""
    taps = site.bench.run.taps
    taps.sabotage(*taps.broken, fault)

    def undo() -> Ended:
        taps.sabotage(*(each for each in taps.broken if each is not fault))
        return Ended()

    return Armed(f"the API: {fault.spec}", undo)


def named_saboteur(name: str) -> Saboteur:
    """The saboteur that the command line names: a registered one, or an API's. Raises UsageProblem."""
    return ApiSaboteur(name) if ":" in name else saboteur(name)

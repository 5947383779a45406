"""What breaks around a rollback workflow: the list of releases that it chooses from, the channel that it tells."""

from __future__ import annotations

import socket
from abc import abstractmethod
from collections.abc import Sequence

from drills.releases import Ledger, Releases, Row
from harness.errors import EnvironmentProblem
from harness.sabotages import Armed, Ended, NothingToBreak, Saboteur, Site
from harness.scenario.models import Scenario

_CHANNEL = "NOTIFY_URL"
"""What the shipped workflows and scripts know the channel by."""


class LedgerSaboteur(Saboteur):
    """Hides rows of the release ledger."""

    def applies(self, scenario: Scenario, path: str) -> str | None:  # noqa: ARG002
        """The stack has to have one."""
        found = any(isinstance(each, Releases) for each in scenario.stack.services.values())
        return None if found else "no release ledger in this stack"

    def arm(self, site: Site) -> Armed:
        """Take rows away; what is written meanwhile stays when they come back."""
        ledger = next(each for each in site.bench.services.values() if isinstance(each, Ledger))
        shown, hidden = self.split(ledger.rows, site)
        if not hidden:
            raise NothingToBreak("the release ledger has no such row")
        ledger.rows = tuple(shown)

        def undo() -> Ended:
            ledger.rows = _joined(ledger.rows[: len(shown)], hidden, ledger.rows[len(shown) :])
            return Ended()

        return Armed(f"{len(hidden)} of {len(shown) + len(hidden)} deploys are missing in the ledger", undo)

    @abstractmethod
    def split(self, rows: Sequence[Row], site: Site) -> tuple[Sequence[Row], Sequence[Row]]:
        """Rows that are shown, and rows that are not."""


class LedgerEmpty(LedgerSaboteur):
    """Nobody has recorded anything."""

    name = "ledger-empty"
    breaks = "the release ledger is empty"

    def split(self, rows: Sequence[Row], site: Site) -> tuple[Sequence[Row], Sequence[Row]]:  # noqa: ARG002
        """None is shown."""
        return (), rows


class LedgerStale(LedgerSaboteur):
    """The last deploys were not recorded: what the ledger takes for the live release is not."""

    name = "ledger-stale"
    breaks = "the release ledger does not know the deploys since the good release"

    def split(self, rows: Sequence[Row], site: Site) -> tuple[Sequence[Row], Sequence[Row]]:
        """What came after the last deploy of the good release is not shown."""
        last = max((number for number, row in enumerate(rows, start=1) if row.version == site.good), default=len(rows))
        return rows[:last], rows[last:]


class ChannelDown(Saboteur):
    """Whoever tells the channel is refused."""

    name = "channel-down"
    breaks = f"the channel that the rollback tells (${_CHANNEL}) refuses every message"

    def applies(self, scenario: Scenario, path: str) -> str | None:
        """Only workflows tell a channel, as far as a scenario shows."""
        found = any(step.uses == "workflow" for step in scenario.paths[path].rollback.steps)
        return None if found else "no step of this rollback is a workflow"

    def arm(self, site: Site) -> Armed:  # noqa: ARG002
        """Give a port of this host where nobody listens."""
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            port = taken.getsockname()[1]
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError as problem:
            return Armed(
                f"port {port} of this host: {problem.strerror}", Ended, {_CHANNEL: f"http://127.0.0.1:{port}/"}
            )
        raise EnvironmentProblem(f"somebody answers on port {port} of this host")


def _joined(shown: Sequence[Row], hidden: Sequence[Row], new: Sequence[Row]) -> tuple[Row, ...]:
    """All rows, numbered in the order in which they were written."""
    rows = (*shown, *hidden, *new)
    return tuple(row.model_copy(update={"number": number}) for number, row in enumerate(rows, start=1))

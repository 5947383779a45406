"""Stack service ``releases``: the team's release ledger, which says what was deployed when, by whom, and how it went.

It stands for the ledger that a team keeps (a table, a bucket, an API of its own), so it is simulated; what is in it is
not, but for the deploys that the scenario says were there before: each row was a call of the team's own script.

    GET  /releases?last=10            the newest first, as a list in JSON
    POST /releases                    {"version", "digest", "operator"}: a deploy; answers the row
    POST /releases/VERSION/outcome    {"outcome": "good" or "BAD", "by", "why"}: what became of it, for all its rows
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import Field, ValidationError

from harness.events import StackFact
from harness.model import Frozen, ResidueClass
from harness.spi import Layers, Run, ServiceConfig
from harness.tap import Answer, Operation, Request, Rule
from harness.units import Duration

LAYER = "release ledger"
_LAST = 10
"""Rows that are answered where nobody says how many."""
_LIVE, _LIVE_BAD = "live release", "live release is marked BAD"
Outcome = Literal["good", "BAD"]


class Deployed(Frozen):
    """What a deploy script says of a deploy."""

    version: str = Field(min_length=1, max_length=200)
    digest: str = ""
    operator: str = ""
    outcome: Outcome = "good"
    by: str = ""
    why: str = ""


class Marked(Frozen):
    """What somebody says of a version afterwards."""

    outcome: Outcome
    by: str = Field(min_length=1)
    why: str = ""


class Row(Deployed):
    """One deploy. ``by``, ``why`` and ``marked_at`` belong to the outcome; they are empty until somebody judged it."""

    number: int
    at: datetime
    marked_at: datetime | None = None


class Before(Deployed):
    """A deploy of before the drill."""

    ago: Duration = Field(description="how long before the drill it was")


class Releases(ServiceConfig):
    """A release ledger at `$RELEASES_URL`, with the deploys of before."""

    uses: Literal["releases"] = "releases"
    deploys: list[Before] = Field(default_factory=list, description="deploys of before the drill, in any order")

    def start(self, name: str, run: Run) -> Ledger:
        """Fill it and listen on 127.0.0.1."""
        now = datetime.now(UTC)
        ledger = Ledger(name)
        for each in sorted(self.deploys, key=lambda each: -each.ago):
            at = now - timedelta(seconds=each.ago)
            ledger.add(each, at, marked_at=at if each.by else None)
        ledger.url = run.taps.open(ledger.answer, LedgerApi()).url
        value = f"served by the drill, {len(self.deploys)} deploys of before"
        run.timeline.write(StackFact(name=LAYER, value=value, simulated=True))
        return ledger


@dataclass
class Ledger:
    """A running ledger."""

    name: str
    url: str = ""
    rows: tuple[Row, ...] = field(default=())
    """Oldest first. Replaced and never changed: it is read by another thread than the one that answers."""

    def add(self, deployed: Deployed, at: datetime, marked_at: datetime | None = None) -> Row:
        """A deploy more. Of a version that was marked as bad it is bad too, until somebody lifts the mark."""
        said = {**deployed.model_dump(include=set(Deployed.model_fields)), "marked_at": marked_at}
        before = [each for each in self.rows if each.version == deployed.version][-1:]
        if before and before[0].outcome == "BAD" and not deployed.by:
            said |= before[0].model_dump(include={"outcome", "by", "why", "marked_at"})
        row = Row(number=len(self.rows) + 1, at=at, **said)
        self.rows = (*self.rows, row)
        return row

    def mark(self, version: str, said: Marked, at: datetime) -> list[Row]:
        """Judge every deploy of ``version``: what is bad was bad each time. Returns its rows."""
        change = {**said.model_dump(), "marked_at": at}
        self.rows = tuple(each.model_copy(update=change) if each.version == version else each for each in self.rows)
        return [each for each in self.rows if each.version == version]

    async def answer(self, request: Request) -> Answer:
        """One call of the API."""
        target = urlsplit(request.path)
        path = [unquote(each) for each in target.path.strip("/").split("/")]
        try:
            match request.method, path:
                case "GET", ["releases"]:
                    last = int(parse_qs(target.query).get("last", [str(_LAST)])[0])
                    return _json(200, self.rows[::-1][: max(0, last)])
                case "POST", ["releases"]:
                    return _json(201, self.add(Deployed.model_validate_json(request.body), datetime.now(UTC)))
                case "POST", ["releases", version, "outcome"]:
                    marked = self.mark(version, Marked.model_validate_json(request.body), datetime.now(UTC))
                    return _json(200, marked) if marked else _error(404, f"no deploy of {version!r} is on record")
        except ValidationError as problem:
            wrong = (f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in problem.errors())
            return _error(400, "; ".join(wrong))
        except ValueError as problem:
            return _error(400, str(problem))
        return _error(404, "GET or POST /releases, POST /releases/VERSION/outcome")

    def environment(self) -> Mapping[str, str]:
        """``RELEASES_URL``."""
        return {"RELEASES_URL": self.url}

    def names(self) -> Mapping[str, str]:
        """``url``."""
        return {"url": self.url}

    def snapshot(self) -> Layers:
        """Every row, the version that the ledger says is live, and whether that one is marked as bad."""
        rows = {f"deploy {each.number}": f"{each.version} by {each.operator or 'nobody'}" for each in self.rows}
        if self.rows:
            live = self.rows[-1]
            rows[_LIVE] = live.version
            if live.outcome == "BAD":
                rows[_LIVE_BAD] = f"{live.version}, by {live.by}: {live.why}"
        return {LAYER: rows}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """A row more is history; a row less, or another release that is live, is not what the old release leaves."""
        if layer != LAYER:
            return None
        history = not before and key != _LIVE_BAD
        return ResidueClass.HARMLESS if history else ResidueClass.BREAKS_OLD_RELEASE


class LedgerApi:
    """The dialect of the ledger; see ``harness.tap.Dialect``. It has no rules: what it does is all here."""

    rules: tuple[Rule, ...] = ()

    def operation(self, request: Request) -> Operation:
        """Method and path."""
        return Operation("releases", request.method, urlsplit(request.path).path)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """An error as the ledger says them."""
        return _error(status, f"{code}: {message}")

    def error(self, answer: Answer) -> str:
        """What it said."""
        return answer.body.decode("utf-8", "replace")


def _json(status: int, value: Row | Sequence[Row]) -> Answer:
    rows = [each.model_dump(mode="json") for each in ([value] if isinstance(value, Row) else value)]
    body = json.dumps(rows[0] if isinstance(value, Row) else rows).encode()
    return Answer(status, {"Content-Type": "application/json"}, body)


def _error(status: int, message: str) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, json.dumps({"error": message}).encode())

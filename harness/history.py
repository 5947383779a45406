"""The history of runs: one row a run in a small SQLite file beside the run folders.

A row is an extract of ``run.json``, kept when the folder itself is long gone. It carries the digest of the record
that it was taken from, so that a record edited afterwards is told from an untouched one.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.errors import EnvironmentProblem, UsageProblem
from harness.ledger import dead_run
from harness.model import Frozen, Verdict
from harness.record import (
    DETECT_TIME,
    RECOVERY_TIME,
    REQUESTS_FAILED,
    RUN_FILE,
    TIMELINE_FILE,
    WRITES_LOST,
    RunRecord,
    build_record,
    record_json,
)

HISTORY_FILE = "history.sqlite3"
_PATIENCE = 30.0
"""Seconds that a run waits for another one's row."""
_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    run TEXT PRIMARY KEY, scenario TEXT NOT NULL, path TEXT NOT NULL, changes TEXT NOT NULL, verdict TEXT NOT NULL,
    wall TEXT NOT NULL, took REAL NOT NULL, recovery REAL, detect REAL, requests_failed REAL, writes_lost INTEGER,
    rto REAL NOT NULL, rpo INTEGER NOT NULL, first_attempt_clean INTEGER, findings TEXT NOT NULL,
    "commit" TEXT NOT NULL, operator TEXT NOT NULL, digest TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS scores (
    series TEXT PRIMARY KEY, scenario TEXT NOT NULL, path TEXT NOT NULL, wall TEXT NOT NULL, seed INTEGER NOT NULL,
    tried INTEGER NOT NULL, recovered INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS newest ON runs (scenario, path, wall DESC);
PRAGMA user_version = 1;
"""
_COUNTS = "changes = '[]' AND verdict IN ('passed', 'failed')"
_PLACE = "ROW_NUMBER() OVER (PARTITION BY scenario, path ORDER BY wall DESC, run DESC)"


class HistoryRow(Frozen):
    """What is remembered of one run. Times in seconds; None where it was not measured."""

    run: str
    scenario: str
    path: str
    changes: tuple[str, ...] = ()
    """``--set`` and ``--without`` of the run: a changed drill is not the drill."""
    verdict: Verdict
    wall: str
    """Start, ISO 8601, UTC."""
    took: float
    """Wall time of the whole run."""
    recovery: float | None = None
    detect: float | None = None
    requests_failed: float | None = None
    writes_lost: int | None = None
    rto: float
    rpo: int
    first_attempt_clean: bool | None = None
    """Whether attempt 1 recovered without a finding; None where it was never judged."""
    findings: tuple[str, ...] = ()
    commit: str
    operator: str
    digest: str
    """SHA-256 of ``run.json`` as the run wrote it, hexadecimal."""

    @property
    def counts(self) -> bool:
        """Whether its figures are comparable: it was judged, and nothing was changed."""
        return not self.changes and self.verdict in (Verdict.PASSED, Verdict.FAILED)


def row_of(record: RunRecord) -> HistoryRow:
    """The row of ``record``."""
    first = next((each for each in record.attempts if each.number == 1), None)
    lost = record.metric(WRITES_LOST).value
    return HistoryRow(
        run=record.run,
        scenario=record.scenario,
        path=record.path,
        changes=record.changes,
        verdict=record.verdict,
        wall=record.wall,
        took=record.took,
        recovery=record.metric(RECOVERY_TIME).value,
        detect=record.metric(DETECT_TIME).value,
        requests_failed=record.metric(REQUESTS_FAILED).value,
        writes_lost=None if lost is None else int(lost),
        rto=record.budgets.rto,
        rpo=record.budgets.rpo,
        first_attempt_clean=None
        if first is None or first.recovered is None
        else first.recovered and not first.findings,
        findings=tuple(dict.fromkeys(finding.mode for finding in record.findings)),
        commit=record.commit,
        operator=record.operator,
        digest=digest(record_json(record)),
    )


def digest(text: str) -> str:
    """SHA-256 of a record's text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def edited(runs: Path, row: HistoryRow) -> bool | None:
    """Whether ``run.json`` of ``row`` is not what the run wrote; None where it is not there any more."""
    try:
        written = (runs / row.run / RUN_FILE).read_bytes()
    except FileNotFoundError:
        return None
    return hashlib.sha256(written).hexdigest() != row.digest


def append(runs: Path, *rows: HistoryRow) -> None:
    """Add ``rows`` to the history of ``runs``; one of a known run replaces it. Raises EnvironmentProblem."""
    names = HistoryRow.model_fields
    columns = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join(f":{name}" for name in names)
    with opened(runs) as store, store:
        store.executemany(f"INSERT OR REPLACE INTO runs ({columns}) VALUES ({marks})", map(_values, rows))


def _values(row: HistoryRow) -> dict[str, object]:
    values = row.model_dump(mode="json")
    return values | {name: json.dumps(values[name]) for name in ("changes", "findings")}


def read(
    runs: Path, *, scenario: str = "", path: str = "", limit: int | None = None, each: int | None = None
) -> Sequence[HistoryRow]:
    """Rows, newest first; of one scenario and path where given. No history is an empty one.

    Args:
        limit: so many rows at most.
        each: so many of each scenario and path at most, and only rows that count (``HistoryRow.counts``).
    """
    if not (runs / HISTORY_FILE).exists():
        return ()
    wanted = {name: value for name, value in (("scenario", scenario), ("path", path)) if value}
    source = "runs" if each is None else f"(SELECT *, {_PLACE} AS place FROM runs WHERE {_COUNTS})"
    where = [*(f"{name} = :{name}" for name in wanted), *(["place <= :each"] if each is not None else [])]
    with opened(runs) as store:
        found = store.execute(
            f"SELECT * FROM {source} WHERE {' AND '.join(where) or 'TRUE'} ORDER BY wall DESC, run DESC LIMIT :limit",
            {**wanted, "limit": -1 if limit is None else limit, "each": each},
        )
        return tuple(_row(values) for values in found)


def _row(values: sqlite3.Row) -> HistoryRow:
    fields = {name: values[name] for name in HistoryRow.model_fields}
    fields |= {name: json.loads(fields[name]) for name in ("changes", "findings")}
    datetime.fromisoformat(fields["wall"])  # raises ValueError, as the next line does
    return HistoryRow.model_validate(fields)


@dataclass(frozen=True)
class Rebuilt:
    """What ``rebuild`` did."""

    rows: int
    skipped: tuple[str, ...]
    """Run folders without a row, each with the reason."""
    aside: Path | None
    """Where a store that could not be read was put."""


def rebuild(runs: Path) -> Rebuilt:
    """Make the row of every run folder again, from its timeline. Raises EnvironmentProblem.

    Rows of runs whose folder is gone stay, and so does each known digest: a rebuild makes no edited record good.
    A store that cannot be read is put aside.
    """
    aside = None
    try:
        known = {row.run: row.digest for row in read(runs)}
    except EnvironmentProblem:
        known, aside = {}, runs / f"{HISTORY_FILE}.broken"
        (runs / HISTORY_FILE).replace(aside)
    rows, skipped = 0, []
    for folder in sorted(file.parent for file in runs.glob(f"*/{TIMELINE_FILE}")):
        with dead_run(folder) as ended:
            if not ended:
                skipped.append(f"{folder.name}: it is still going on")
                continue
            try:
                row = row_of(build_record(folder))
            except UsageProblem as problem:
                skipped.append(f"{folder.name}: {problem.message}")
                continue
            append(runs, row.model_copy(update={"digest": known.get(row.run) or _digest_on_disk(folder, row)}))
            rows += 1
    return Rebuilt(rows, tuple(skipped), aside)


def _digest_on_disk(folder: Path, row: HistoryRow) -> str:
    """The digest of ``run.json`` as it lies there, where it says what the timeline says; else that of ``row``.

    The two texts differ even in an untouched run: its last event is written after its report.
    """
    try:
        text = (folder / RUN_FILE).read_text(encoding="utf-8")
        said = row_of(RunRecord.model_validate_json(text))
    except (OSError, ValueError):
        return row.digest
    same = said.model_copy(update={"took": row.took, "digest": row.digest}) == row
    return digest(text) if same else row.digest


def write_history(record: RunRecord, folder: Path) -> None:
    """Reporter ``history``: the row of a run, in the history of the runs folder that it lies in."""
    append(folder.parent, row_of(record))


@contextmanager
def opened(runs: Path) -> Iterator[sqlite3.Connection]:
    """The store of ``runs``, made where it is not there yet. Raises EnvironmentProblem where it cannot be used."""
    file = runs / HISTORY_FILE
    try:
        with closing(sqlite3.connect(file, timeout=_PATIENCE)) as store:
            store.row_factory = sqlite3.Row
            store.executescript(_TABLE)
            yield store
    except (sqlite3.Error, ValueError) as problem:  # no database, or rows that no run wrote
        raise EnvironmentProblem(
            f"the history {file} cannot be used: {problem}",
            next_step="`drill history --rebuild` makes it again from the run folders",
        ) from problem

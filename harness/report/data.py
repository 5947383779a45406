"""Reporter ``json``: ``run.json`` for machines, and the schema that it keeps to beside it."""

from __future__ import annotations

from pathlib import Path

from harness.record import RUN_FILE, RunRecord, record_json, replace_text

SCHEMA_FILE = Path(__file__).with_name("run.schema.json")
"""The shipped JSON Schema of ``run.json``, generated from ``RunRecord``."""


def write_json(record: RunRecord, folder: Path) -> None:
    """Write ``run.json``. Raises OSError."""
    replace_text(folder / RUN_FILE, record_json(record))

#!/usr/bin/env python3
"""Says how far a migration goes, before it is run: `forecast.py --release v2 --image REF --from A --to B`.

Has Alembic of that image write the SQL from revision A to B (a one-off task of the family `shop-migrate`), and squawk
look at it. squawk knows schema changes; statements that change rows are told by their first word.
Environment: see taskdef.py; $DRILL_FORECAST, where it is set, gets the answer as JSON.
Exit code: 0 answered, 1 the SQL or squawk could not be had.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

import migrate
import taskdef

DESTRUCTIVE = {"ban-drop-table", "ban-drop-column", "ban-truncate-cascade", "ban-drop-database"}
"""squawk's rules for what no downgrade brings back."""
IRREVERSIBLE = {
    "adding-not-nullable-field",
    "adding-required-field",
    "ban-drop-default",
    "ban-drop-not-null",
    "changing-column-type",
    "renaming-column",
    "renaming-table",
}
"""squawk's rules for what an older release may not live with, or a downgrade may not undo; no value is lost by it."""
CHANGES_ROWS = re.compile(
    r"^\s*(?:UPDATE (?!alembic_version)|DELETE FROM (?!alembic_version)|TRUNCATE )", re.IGNORECASE
)


def main():
    """Forecasts what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--release", required=True)
    parser.add_argument("--image", required=True)
    parser.add_argument("--from", dest="start", required=True, help="Alembic revision that the database has")
    parser.add_argument("--to", dest="end", required=True, help="Alembic revision of the release")
    options = parser.parse_args()
    answer = judge(*look(sql(options)))
    print(json.dumps(answer))
    if os.environ.get("DRILL_FORECAST"):
        Path(os.environ["DRILL_FORECAST"]).write_text(json.dumps(answer), encoding="utf-8")


def sql(options):
    """The statements between the two revisions."""
    ecs = taskdef.client("ecs")
    definition = taskdef.register(ecs, "shop-migrate", options.release, options.image)
    task = migrate.start(ecs, definition, ["alembic", "upgrade", f"{options.start}:{options.end}", "--sql"])
    stopped = migrate.wait(ecs, task, 60)
    lines = migrate.log_lines(task)
    if stopped["containers"][0].get("exitCode") != 0 or not lines:
        raise SystemExit("\n".join([*lines, "Alembic did not write the SQL"]))
    text = "\n".join(line for line in lines if not line.startswith(("INFO", "WARN")))
    print(text)
    return text


def look(text):
    """squawk's rules that the SQL breaks, and the statements that change rows."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(text)
        file.flush()
        said = subprocess.run(["squawk", "--reporter", "json", file.name], capture_output=True, text=True, check=False)
    try:
        rules = {each["rule_name"] for each in json.loads(said.stdout or "[]")}
    except json.JSONDecodeError:
        raise SystemExit(f"squawk gave no answer: {said.stderr or said.stdout}") from None
    return rules, [line.strip()[:80] for line in text.splitlines() if CHANGES_ROWS.match(line)]


def judge(rules, changes):
    """The worst that was seen, and why."""
    destroyed = sorted(rules & DESTRUCTIVE) + changes
    if destroyed:
        return {"reach": "destructive", "why": destroyed}
    if rules & IRREVERSIBLE:
        return {"reach": "irreversible without data loss", "why": sorted(rules & IRREVERSIBLE)}
    return {"reach": "reversible", "why": []}


if __name__ == "__main__":
    main()

"""What repairing migrations share: they say how many rows they changed, a line of JSON on stdout."""

import json

import sqlalchemy
from alembic import op


def repair(statement):
    """Runs a statement and tells its row count; whoever runs the migration may add it up as the repair's cost."""
    changed = op.get_bind().execute(sqlalchemy.text(statement)).rowcount
    print(json.dumps({"what": "rows repaired", "count": changed}), flush=True)

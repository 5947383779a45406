"""Release v2: the column is called what finance calls it.

The mistake of the drill: every release that still runs, or that somebody rolls back to, reads and writes the old name.
"""

from alembic import op

revision = "0004_rename"
down_revision = "0003_seed"


def upgrade():
    """Renames the column in place."""
    op.alter_column("orders", "total_cents", new_column_name="amount")


def downgrade():
    """Renames it back."""
    op.alter_column("orders", "amount", new_column_name="total_cents")

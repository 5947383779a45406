"""Totals become unit price times quantity, in place; orders that come to nothing are removed.

The mistake of the drill: gift vouchers have quantity 0, and whole unit prices lose the cents. No downgrade knows them.
"""

from alembic import op

revision = "0004_normalise"
down_revision = "0003_seed"


def upgrade():
    """Recomputes and removes."""
    op.execute("UPDATE orders SET total_cents = coalesce(total_cents / nullif(quantity, 0), 0) * quantity")
    op.execute("DELETE FROM orders WHERE total_cents = 0")


def downgrade():
    """Nothing: the old totals are nowhere."""

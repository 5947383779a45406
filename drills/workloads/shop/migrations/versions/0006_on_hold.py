"""Vouchers are on hold, those that are there too."""

from alembic import op

revision = "0006_on_hold"
down_revision = "0005_on_hold_value"


def upgrade():
    """Writes the value that the release before does not know."""
    op.execute("UPDATE orders SET status = 'on_hold' WHERE quantity = 0")


def downgrade():
    """Maps it back."""
    op.execute("UPDATE orders SET status = 'paid' WHERE status = 'on_hold'")

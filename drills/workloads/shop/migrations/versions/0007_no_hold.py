"""Repair after 0006_on_hold: no order has a status that the release before does not know."""

from shop.repair import repair

revision = "0007_no_hold"
down_revision = "0006_on_hold"


def upgrade():
    """Maps it back."""
    repair("UPDATE orders SET status = 'paid' WHERE status = 'on_hold'")


def downgrade():
    """Nothing: which orders were on hold is not kept."""

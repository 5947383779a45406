"""Totals become unit price times quantity, in a new column; the old one is kept, and kept in step for new orders."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0004_normalise_aside"
down_revision = "0003_seed"


def upgrade():
    """Adds and fills ``amount``. The trigger comes last: it must not carry the new totals over to the old column."""
    op.add_column("orders", sa.Column("amount", sa.BigInteger, nullable=True))
    op.execute("UPDATE orders SET amount = coalesce(total_cents / nullif(quantity, 0), 0) * quantity")
    op.execute((Path(__file__).parents[1] / "sql" / "sync_amount.sql").read_text())


def downgrade():
    """Drops ``amount``; nothing is lost."""
    op.execute("DROP TRIGGER orders_sync_amount ON orders")
    op.execute("DROP FUNCTION orders_sync_amount()")
    op.drop_column("orders", "amount")

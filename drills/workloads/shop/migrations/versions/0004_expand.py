"""Release v2, prepared: the new name beside the old one; a later contract step drops the old one."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0004_expand"
down_revision = "0003_seed"


def upgrade():
    """Adds ``amount``, keeps both columns in step from here on, and fills it for the orders there are."""
    op.add_column("orders", sa.Column("amount", sa.BigInteger, nullable=True))
    op.execute((Path(__file__).parents[1] / "sql" / "sync_amount.sql").read_text())
    op.execute("UPDATE orders SET amount = total_cents WHERE amount IS NULL")


def downgrade():
    """Drops ``amount``; nothing is lost, because ``total_cents`` was kept in step."""
    op.execute("DROP TRIGGER orders_sync_amount ON orders")
    op.execute("DROP FUNCTION orders_sync_amount()")
    op.drop_column("orders", "amount")

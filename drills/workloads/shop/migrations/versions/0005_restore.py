"""Forward fix after 0004_rename: a schema that releases before and after the rename both can live with."""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0005_restore"
down_revision = "0004_rename"


def upgrade():
    """Adds ``total_cents`` again, keeps both columns in step from here on, and fills it. Neither is mandatory now."""
    op.alter_column("orders", "amount", nullable=True)
    op.add_column("orders", sa.Column("total_cents", sa.BigInteger, nullable=True))
    op.execute((Path(__file__).parents[1] / "sql" / "sync_amount.sql").read_text())
    op.execute("UPDATE orders SET total_cents = amount WHERE total_cents IS NULL")


def downgrade():
    """Drops ``total_cents``; nothing is lost, because ``amount`` was kept in step."""
    op.execute("DROP TRIGGER orders_sync_amount ON orders")
    op.execute("DROP FUNCTION orders_sync_amount()")
    op.drop_column("orders", "total_cents")
    op.alter_column("orders", "amount", nullable=False)

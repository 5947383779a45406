"""The orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001_orders"
down_revision = None


def upgrade():
    """Creates the table."""
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("total_cents", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.CheckConstraint("quantity >= 0", name="orders_quantity_not_negative"),
    )


def downgrade():
    """Drops the table."""
    op.drop_table("orders")

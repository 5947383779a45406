"""A customer who sends an order twice gets it once."""

import sqlalchemy as sa
from alembic import op

revision = "0002_idempotency"
down_revision = "0001_orders"


def upgrade():
    """Adds the key; old orders have none."""
    op.add_column("orders", sa.Column("idempotency_key", sa.Text, nullable=True))
    op.create_unique_constraint("orders_idempotency_key", "orders", ["idempotency_key"])


def downgrade():
    """Drops the key."""
    op.drop_column("orders", "idempotency_key")

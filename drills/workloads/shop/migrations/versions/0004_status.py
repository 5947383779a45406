"""Orders have a status."""

import sqlalchemy as sa
from alembic import op

revision = "0004_status"
down_revision = "0003_seed"
STATUS = sa.Enum("paid", "cancelled", name="order_status")


def upgrade():
    """Makes the type and the column."""
    STATUS.create(op.get_bind())
    op.add_column("orders", sa.Column("status", STATUS, nullable=False, server_default="paid"))


def downgrade():
    """Drops both."""
    op.drop_column("orders", "status")
    STATUS.drop(op.get_bind())

"""Which orders the monthly batch has billed."""

import sqlalchemy as sa
from alembic import op

revision = "0004_receipts"
down_revision = "0003_seed"


def upgrade():
    """Makes the table."""
    op.create_table(
        "receipts",
        sa.Column("order_id", sa.Integer, primary_key=True),
        sa.Column("period", sa.Text, primary_key=True),
    )


def downgrade():
    """Drops it, and with it the knowledge of who was billed."""
    op.drop_table("receipts")

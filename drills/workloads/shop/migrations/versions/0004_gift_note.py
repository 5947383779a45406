"""A note for gifts."""

import sqlalchemy as sa
from alembic import op

revision = "0004_gift_note"
down_revision = "0003_seed"


def upgrade():
    """Adds the column."""
    op.add_column("orders", sa.Column("gift_note", sa.Text, nullable=True))


def downgrade():
    """Drops it: whoever prepared SELECT * before has another result type now."""
    op.drop_column("orders", "gift_note")

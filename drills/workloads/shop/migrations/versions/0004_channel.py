"""A mandatory column as Django's AddField(default=…) makes it: the default fills the old rows, and is dropped again."""

import sqlalchemy as sa
from alembic import op

revision = "0004_channel"
down_revision = "0003_seed"


def upgrade():
    """Adds ``channel``, not null; who does not fill it cannot insert."""
    op.add_column("orders", sa.Column("channel", sa.Text, nullable=False, server_default="web"))
    op.alter_column("orders", "channel", server_default=None)


def downgrade():
    """Drops it, and what was written into it."""
    op.drop_column("orders", "channel")

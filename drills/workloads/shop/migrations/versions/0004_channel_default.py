"""The mandatory column keeps its default in the database."""

import sqlalchemy as sa
from alembic import op

revision = "0004_channel_default"
down_revision = "0003_seed"


def upgrade():
    """Adds ``channel``; who does not fill it gets ``web``."""
    op.add_column("orders", sa.Column("channel", sa.Text, nullable=False, server_default="web"))


def downgrade():
    """Drops it, and what was written into it."""
    op.drop_column("orders", "channel")

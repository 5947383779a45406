"""Forward fix after 0004_channel: releases that do not know the column can insert again."""

from alembic import op

revision = "0005_channel_default"
down_revision = "0004_channel"


def upgrade():
    """Gives the column its default."""
    op.alter_column("orders", "channel", server_default="web")


def downgrade():
    """Takes it away."""
    op.alter_column("orders", "channel", server_default=None)

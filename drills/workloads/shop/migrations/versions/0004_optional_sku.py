"""The article becomes optional. Its downgrade works as long as no order without one was written."""

from alembic import op

revision = "0004_optional_sku"
down_revision = "0003_seed"


def upgrade():
    """Drops NOT NULL."""
    op.alter_column("orders", "sku", nullable=True)


def downgrade():
    """Wants NOT NULL back."""
    op.alter_column("orders", "sku", nullable=False)

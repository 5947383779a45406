"""The type learns ``on_hold``. PostgreSQL has no way to make it forget a value."""

from alembic import op

revision = "0005_on_hold_value"
down_revision = "0004_status"


def upgrade():
    """Adds the value; it can be used from the next transaction on."""
    op.execute("ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'on_hold'")


def downgrade():
    """Nothing: the value stays, and is harmless as long as no row has it."""

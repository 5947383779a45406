"""Repair before the downgrade of 0004_optional_sku: every order has an article again."""

from shop.repair import repair

revision = "0005_known_sku"
down_revision = "0004_optional_sku"


def upgrade():
    """Fills what is missing."""
    repair("UPDATE orders SET sku = 'UNKNOWN' WHERE sku IS NULL")


def downgrade():
    """Nothing: which orders had none is not kept."""

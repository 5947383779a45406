"""Two hundred orders whose totals everybody can check: total_cents = id * 100.

A gift voucher ships nothing, so its quantity is 0; every third order is one.
"""

from alembic import op

revision = "0003_seed"
down_revision = "0002_idempotency"


def upgrade():
    """Inserts orders 1 to 200; new ones get ids above."""
    op.execute(
        """
        INSERT INTO orders (id, sku, quantity, total_cents)
        SELECT id,
               CASE WHEN id % 3 = 0 THEN 'GIFT-VOUCHER' ELSE 'SKU-' || lpad((id % 20)::text, 3, '0') END,
               CASE WHEN id % 3 = 0 THEN 0 ELSE 1 + id % 4 END,
               id * 100
        FROM generate_series(1, 200) AS id
        """
    )
    op.execute("SELECT setval(pg_get_serial_sequence('orders', 'id'), 200)")


def downgrade():
    """Deletes the seeded orders only."""
    op.execute("DELETE FROM orders WHERE id <= 200")

"""Orders in PostgreSQL."""

from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

# A database that is gone or locked must fail a request in seconds, not hold all threads of the service.
_POOL_WAIT = 2.0
_CONNECT = {"connect_timeout": 2, "tcp_user_timeout": 3000, "options": "-c statement_timeout=2000 -c lock_timeout=1500"}

_FIELDS = "id, sku, quantity, {amount} AS total_cents"


class Orders:
    """Reads and writes orders; ``amount_column`` is where the release keeps total_cents."""

    def __init__(self, database, amount_column):
        self._amount = sql.Identifier(amount_column)
        self._pool = ConnectionPool(
            kwargs={**_CONNECT, **_psycopg_names(database), "row_factory": dict_row},
            min_size=1,
            max_size=4,
            timeout=_POOL_WAIT,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def open(self):
        """Starts the pool; does not wait for the database."""
        self._pool.open(wait=False)

    def get(self, order_id):
        """The order, or None."""
        return self._one("SELECT " + _FIELDS + " FROM orders WHERE id = %s", (order_id,))

    def latest(self, limit):
        """The newest orders, newest first."""
        query = sql.SQL("SELECT " + _FIELDS + " FROM orders ORDER BY id DESC LIMIT %s").format(amount=self._amount)
        with self._pool.connection() as connection:
            return connection.execute(query, (limit,)).fetchall()

    def add(self, key, sku, quantity, total_cents):
        """The order of this idempotency key, and whether it is new."""
        created = self._one(
            "INSERT INTO orders (idempotency_key, sku, quantity, {amount}) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (idempotency_key) DO NOTHING RETURNING " + _FIELDS,
            (key, sku, quantity, total_cents),
        )
        if created:
            return created, True
        return self._one("SELECT " + _FIELDS + " FROM orders WHERE idempotency_key = %s", (key,)), False

    def _one(self, text, values):
        with self._pool.connection() as connection:
            return connection.execute(sql.SQL(text).format(amount=self._amount), values).fetchone()


def _psycopg_names(database):
    return {"dbname" if key == "database" else key: value for key, value in database.items()}

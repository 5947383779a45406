"""Orders in PostgreSQL."""

from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from shop.settings import psycopg_names

# A database that is gone or locked must fail a request in seconds, not hold all threads of the service.
_POOL_WAIT = 2.0
_CONNECT = {"connect_timeout": 2, "tcp_user_timeout": 3000, "options": "-c statement_timeout=2000 -c lock_timeout=1500"}

_FIELDS = "id, sku, quantity, {amount} AS total_cents{more}"


class Orders:
    """Reads and writes orders as ``release`` does."""

    def __init__(self, database, release):
        self._names = {
            "amount": sql.Identifier(release.amount_column),
            "more": sql.SQL("").join(sql.SQL(", {}").format(sql.Identifier(each)) for each in release.columns),
        }
        self._read, self._row = ("*" if release.select_all else _FIELDS), release.row
        self._pool = ConnectionPool(
            kwargs={
                **_CONNECT,
                **psycopg_names(database),
                "row_factory": dict_row,
                "autocommit": release.select_all,
            },
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
        return self._one("SELECT " + self._read + " FROM orders WHERE id = %s", (order_id,))

    def latest(self, limit):
        """The newest orders, newest first."""
        query = sql.SQL("SELECT " + self._read + " FROM orders ORDER BY id DESC LIMIT %s").format(**self._names)
        with self._pool.connection() as connection:
            return connection.execute(query, (limit,)).fetchall()

    def add(self, key, sku, quantity, total_cents):
        """The order of this idempotency key, and whether it is new."""
        row = self._row({"idempotency_key": key, "sku": sku, "quantity": quantity, "{amount}": total_cents})
        created = self._one(
            f"INSERT INTO orders ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})"
            " ON CONFLICT (idempotency_key) DO NOTHING RETURNING " + self._read,
            tuple(row.values()),
        )
        if created:
            return created, True
        return self._one("SELECT " + self._read + " FROM orders WHERE idempotency_key = %s", (key,)), False

    def _one(self, text, values):
        with self._pool.connection() as connection:
            return connection.execute(sql.SQL(text).format(**self._names), values).fetchone()

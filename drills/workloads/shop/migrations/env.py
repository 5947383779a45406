"""Runs the migrations against the database that the service's own environment names; with `--sql`, only prints them."""

from logging.config import fileConfig

import sqlalchemy
from alembic import context
from shop.settings import database_settings


def run():
    """On a connection of its own."""
    settings = {"username" if name == "user" else name: value for name, value in database_settings().items()}
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("postgresql+psycopg", **settings),
        poolclass=sqlalchemy.NullPool,
        # A migration that waits for a lock blocks every reader behind it: give up soon.
        connect_args={"connect_timeout": 5, "options": "-c lock_timeout=5000 -c statement_timeout=60000"},
    )
    with engine.connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()


def show():
    """As text, with no database."""
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


fileConfig(context.config.config_file_name)
show() if context.is_offline_mode() else run()

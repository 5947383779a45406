"""Runs the migrations against the database that the service's own environment names."""

from logging.config import fileConfig

import sqlalchemy
from alembic import context
from shop.settings import database_settings

fileConfig(context.config.config_file_name)
settings = database_settings()
engine = sqlalchemy.create_engine(
    sqlalchemy.URL.create("postgresql+psycopg", **{"username" if k == "user" else k: v for k, v in settings.items()}),
    poolclass=sqlalchemy.NullPool,
    # A migration that waits for a lock blocks every reader behind it: give up soon.
    connect_args={"connect_timeout": 5, "options": "-c lock_timeout=5000 -c statement_timeout=60000"},
)
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()

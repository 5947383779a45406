"""What a release may differ in. A release is a module in shop.releases with one ``RELEASE``."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask


def _as_it_is(order):
    return order


def _nothing(*_):
    return None


@dataclass(frozen=True)
class Release:
    """One release of the service."""

    id: str
    """What /version and the header X-Version say."""
    schema: str
    """Alembic revision that it is deployed with."""
    amount_column: str = "total_cents"
    """Column of orders that holds what the API calls total_cents."""
    columns: tuple[str, ...] = ()
    """More columns of orders that it reads."""
    select_all: bool = False
    """Whether it reads with ``SELECT *``, on connections without transactions."""
    row: Callable[[dict], dict] = _as_it_is
    """Turns a new order into the columns that are inserted."""
    shape: Callable[[dict], dict] = _as_it_is
    """Turns a row into what the API answers."""
    password: Callable[[str], str] = str
    """Takes the database's password from the secret."""
    store: Callable = _as_it_is
    """Wraps the orders in PostgreSQL: a cache in front of them."""
    billing: Callable = _nothing
    """How its monthly batch goes through the orders."""
    placed: Callable[[dict], None] = _nothing
    """What follows when an order was placed."""
    confirm: Callable = _nothing
    """The job that confirms an order, with the parameters that this release knows."""
    setup: Callable[[Flask], None] = _nothing
    """Anything else: extra routes, a check at start-up, another header."""


def load(name):
    """The release of module ``name``; the error for an unknown one says which there are."""
    from shop import releases

    known = sorted(module.name for module in pkgutil.iter_modules(releases.__path__))
    if name not in known:
        raise SystemExit(f"SHOP_RELEASE={name!r}: expected one of {', '.join(known)}")
    return importlib.import_module(f"shop.releases.{name}").RELEASE

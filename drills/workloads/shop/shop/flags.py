"""Feature flags in Redis, asked for each request: ``flags`` has a field for each, ``on`` or ``off``."""

import redis

from shop.settings import redis_url

_HASH, _FLAG = "flags", "promo"


def under_flag(change):
    """Shapes orders by ``change`` while the flag ``promo`` is on."""
    flags = redis.Redis.from_url(redis_url(), socket_timeout=2)

    def shape(order):
        return change(order) if flags.hget(_HASH, _FLAG) == b"on" else order

    return shape


def free_of_charge(order):
    """What ``promo`` meant years ago, for one weekend; nobody has removed it."""
    return {**order, "total_cents": 0}

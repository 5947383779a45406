"""Orders, kept in Redis for an hour as the release writes them."""

import pickle
import zlib

import redis

from shop.settings import redis_url

_HOUR = 3600


class CachedOrders:
    """Orders of ``store``; one that was read is kept under ``prefix``, written by ``dumps``."""

    def __init__(self, store, prefix, dumps, loads):
        self._store, self._prefix, self._dumps, self._loads = store, prefix, dumps, loads
        self._cache = redis.Redis.from_url(redis_url(), socket_timeout=2)

    def __getattr__(self, name):
        return getattr(self._store, name)

    def get(self, order_id):
        """The order, or None; a cached one without asking the database."""
        key = f"{self._prefix}{order_id}"
        kept = self._cache.get(key)
        order = None if kept is None else self._loads(kept)
        if order is None:
            order = self._store.get(order_id)
            if order is not None:
                self._cache.set(key, self._dumps(order), ex=_HOUR)
        return order


def pickled(store):
    """As v1-cache has it."""
    return CachedOrders(store, "order:", lambda order: pickle.dumps(order, protocol=4), pickle.loads)


def compressed(store):
    """As v2-cache has it: smaller, under the same keys. It reads the older format as a miss, and writes it anew."""
    return CachedOrders(store, "order:", _compress, _decompress)


def compressed_under_new_keys(store):
    """The same with the format's version in the keys: the older release does not see what it cannot read."""
    return CachedOrders(store, "order:v2:", _compress, _decompress)


def _compress(order):
    return zlib.compress(pickle.dumps(order, protocol=4))


def _decompress(kept):
    try:
        return pickle.loads(zlib.decompress(kept))
    except zlib.error:
        return None

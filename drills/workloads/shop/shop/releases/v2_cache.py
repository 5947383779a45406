"""Compresses what it caches, and has the unit price with its fault."""

from shop.cache import compressed
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-cache", schema="0003_seed", store=compressed, shape=with_unit_price)

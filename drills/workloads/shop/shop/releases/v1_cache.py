"""A good release that keeps orders in a cache."""

from shop.cache import pickled
from shop.release import Release

RELEASE = Release(id="v1-cache", schema="0003_seed", store=pickled)

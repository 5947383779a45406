"""As v2_cache, with the version of the format in the keys."""

from shop.cache import compressed_under_new_keys
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-cache-keys", schema="0003_seed", store=compressed_under_new_keys, shape=with_unit_price)

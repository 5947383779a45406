"""The flag `promo` means something else now: the unit price, with its fault."""

from shop.flags import under_flag
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-flag", schema="0003_seed", shape=under_flag(with_unit_price))

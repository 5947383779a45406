"""A quicker batch that forgets what it has done, and the unit price with its fault."""

from shop.billing import all_or_nothing
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-billing", schema="0004_receipts", billing=all_or_nothing, shape=with_unit_price)

"""The batch as before; the unit price with its fault ends it half way, too."""

from shop.billing import one_by_one
from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-billing-keyed", schema="0004_receipts", billing=one_by_one, shape=with_unit_price)

"""One more column, read with SELECT * as before, and the unit price with its fault."""

from shop.pricing import with_unit_price
from shop.release import Release
from shop.releases.v1_star import known

RELEASE = Release(
    id="v2-star", schema="0004_gift_note", select_all=True, shape=lambda order: with_unit_price(known(order))
)

"""The same feature with the same bug, but a migration that the release before it can live with."""

from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2-expand", schema="0004_expand", amount_column="amount", shape=with_unit_price)

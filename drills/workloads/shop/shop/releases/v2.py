"""The bad release: its migration renames a column, and its new feature fails for every third order."""

from shop.pricing import with_unit_price
from shop.release import Release

RELEASE = Release(id="v2", schema="0004_rename", amount_column="amount", shape=with_unit_price)

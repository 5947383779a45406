"""The same recomputed totals, in a column of their own: what was there stays."""

from shop.release import Release

RELEASE = Release(id="v2-normalise-aside", schema="0004_normalise_aside", amount_column="amount")

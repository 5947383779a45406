"""A good release with a monthly batch that can be run again."""

from shop.billing import one_by_one
from shop.release import Release

RELEASE = Release(id="v1-billing", schema="0004_receipts", billing=one_by_one)

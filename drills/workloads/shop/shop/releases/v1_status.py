"""A good release that reads the status of an order and knows two of them."""

from shop.release import Release
from shop.status import with_known_status

RELEASE = Release(id="v1-status", schema="0004_status", columns=("status",), shape=with_known_status)

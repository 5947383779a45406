"""The release before that one: it can read the new status, and does not write it yet."""

from shop.release import Release
from shop.status import with_any_status

RELEASE = Release(id="v2-on-hold-unused", schema="0005_on_hold_value", columns=("status",), shape=with_any_status)

"""Vouchers get a status of their own, which the release before does not know."""

from shop.release import Release
from shop.status import gifts_on_hold, with_any_status

RELEASE = Release(id="v2-on-hold", schema="0006_on_hold", columns=("status",), row=gifts_on_hold, shape=with_any_status)

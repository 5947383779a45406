"""The same sales channel, with a default in the database."""

from shop.pricing import with_unit_price
from shop.release import Release
from shop.releases.v2_channel import with_channel

RELEASE = Release(id="v2-channel-default", schema="0004_channel_default", row=with_channel, shape=with_unit_price)

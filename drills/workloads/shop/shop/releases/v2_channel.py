"""Orders have a sales channel: the code fills it, the database has no default for code that does not."""

from shop.pricing import with_unit_price
from shop.release import Release


def with_channel(row):
    """A new order came over the web."""
    return {**row, "channel": "web"}


RELEASE = Release(id="v2-channel", schema="0004_channel", row=with_channel, shape=with_unit_price)

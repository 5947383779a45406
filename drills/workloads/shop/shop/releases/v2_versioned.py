"""The sales channel with a default in the database, for a team that migrates with numbered SQL files."""

from shop.pricing import with_unit_price
from shop.release import Release
from shop.releases.v2_channel import with_channel
from shop.versioned import require_known

RELEASE = Release(
    id="v2-versioned", schema="0004_channel_default", row=with_channel, shape=with_unit_price, setup=require_known
)

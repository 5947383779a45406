"""A good release while the flag `promo` is off; it still has code for what that meant once."""

from shop.flags import free_of_charge, under_flag
from shop.release import Release

RELEASE = Release(id="v1-flag", schema="0003_seed", shape=under_flag(free_of_charge))

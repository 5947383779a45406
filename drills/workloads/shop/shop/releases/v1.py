"""The good release."""

from shop.release import Release

RELEASE = Release(id="v1", schema="0003_seed")

"""Reads user and password from one secret, as a rotation of both needs it; the same unit price."""

import json

from shop.pricing import with_unit_price
from shop.release import Release


def password(secret):
    """From the JSON that the secret holds now."""
    return json.loads(secret)["password"]


RELEASE = Release(id="v2-login", schema="0003_seed", password=password, shape=with_unit_price)

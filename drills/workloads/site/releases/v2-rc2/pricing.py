"""What an order looks like to customers: with its price per unit, in their currency."""

from currency import local_price


def shape(order):
    """Adds the price per unit. The bug of this build: nobody committed currency.py."""
    return {**order, "unit_price_cents": local_price(order["total_cents"] // order["quantity"])}

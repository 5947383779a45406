"""The feature that release v2 was made for."""


def with_unit_price(order):
    """Adds the price per unit. The bug: nobody thought of gift vouchers, whose quantity is 0."""
    return {**order, "unit_price_cents": order["total_cents"] // order["quantity"]}

"""What an order looks like to customers: with its price per unit."""


def shape(order):
    """Adds the price per unit. The bug: nobody thought of gift vouchers, whose quantity is 0."""
    return {**order, "unit_price_cents": order["total_cents"] // order["quantity"]}

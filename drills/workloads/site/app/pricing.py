"""What an order looks like to customers."""


def shape(order):
    """The order as it is stored."""
    return order

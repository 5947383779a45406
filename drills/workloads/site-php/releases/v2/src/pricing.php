<?php
// What an order looks like to customers: with its price per unit.
// The bug: nobody thought of gift vouchers, whose quantity is 0.
function shape(array $order): array
{
    return $order + ['unit_price_cents' => intdiv($order['total_cents'], $order['quantity'])];
}

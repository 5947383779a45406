"""The monthly batch: every order of the period is charged and gets a receipt by mail. `python3 -m shop.billing PERIOD`.

Exit code: 0 all done, 1 an order failed; what was done before it stays done.
"""

import json
import smtplib
import sys
import urllib.request
import uuid
from email.message import EmailMessage

import psycopg

from shop import release as releases
from shop.settings import database_settings, payments_url, psycopg_names, release_name, smtp_address

_ORDERS = "SELECT id, quantity, total_cents FROM orders WHERE id <= 60 ORDER BY quantity = 0, id"
"""The orders of a month; vouchers come last, their codes take time."""
_DONE = "SELECT order_id FROM receipts WHERE period = %s"
_NOTE = "INSERT INTO receipts (order_id, period) VALUES (%s, %s)"


def one_by_one(orders, period, connection, bill):
    """Notes each order as soon as it is done, and charges under a key that says which order it is."""
    done = {row[0] for row in connection.execute(_DONE, (period,))}
    for order in orders:
        if order["id"] not in done:
            bill(order, f"order {order['id']} of {period}")
            connection.execute(_NOTE, (order["id"], period))
            connection.commit()


def all_or_nothing(orders, period, connection, bill):
    """Quicker, with one transaction for all: where it does not get to the end, nobody knows what was done."""
    for order in orders:
        bill(order, uuid.uuid4().hex)
        connection.execute(_NOTE, (order["id"], period))
    connection.commit()


def main():
    """Bills the period of the command line as the release does it."""
    period, release = sys.argv[1], releases.load(release_name())
    with psycopg.connect(**psycopg_names(database_settings())) as connection, smtplib.SMTP(*smtp_address()) as mail:
        rows = connection.execute(_ORDERS).fetchall()
        orders = [dict(zip(("id", "quantity", "total_cents"), row, strict=True)) for row in rows]

        def bill(order, key):
            reference = f"order {order['id']} of {period}"
            _charge(reference, order, key, release.id)
            mail.send_message(_receipt(reference, release.shape(order), release.id))

        release.billing(orders, period, connection, bill)
    print(f"{len(orders)} orders of {period} billed")


def _charge(reference, order, key, release):
    body = {"reference": reference, "card": f"card of customer {order['id']}", "amount_cents": order["total_cents"]}
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "X-Release": release}
    request = urllib.request.Request(f"{payments_url()}/charges", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()


def _receipt(reference, order, release):
    mail = EmailMessage()
    mail["From"], mail["To"] = "shop@example.org", f"customer{order['id']}@example.org"
    mail["Subject"], mail["X-Release"] = f"Receipt for {reference}", release
    mail.set_content("\n".join(f"{name}: {value}" for name, value in order.items()))
    return mail


if __name__ == "__main__":
    main()

"""Jobs of the queue ``confirmations``: a mail for each new order. A worker finds them here by name."""

import smtplib
from email.message import EmailMessage

import redis
from rq import Queue

from shop import release as releases
from shop.settings import redis_url, release_name, smtp_address

QUEUE = "confirmations"


def confirm(*args, **kwargs):
    """The job; each release has its own parameters."""
    return releases.load(release_name()).confirm(*args, **kwargs)


def enqueue(**more):
    """What a release does when an order is placed: the job, with ``more`` arguments than its number."""
    queue = Queue(QUEUE, connection=redis.Redis.from_url(redis_url(), socket_timeout=2))

    def placed(order):
        queue.enqueue("shop.jobs.confirm", order["id"], **more)

    return placed


def in_english(order_id):
    """As v1-jobs knows it."""
    _send(f"Order {order_id} confirmed", order_id)


def in_any_language(order_id, locale="en"):
    """As v2-jobs knows it; jobs of v1-jobs are fine, too."""
    _send(f"Order {order_id} confirmed" if locale == "en" else f"Bestellung {order_id} bestätigt", order_id)


def _send(subject, order_id):
    mail = EmailMessage()
    mail["From"], mail["To"] = "shop@example.org", f"customer{order_id}@example.org"
    mail["Subject"], mail["X-Release"] = subject, releases.load(release_name()).id
    mail.set_content("Thank you.")
    with smtplib.SMTP(*smtp_address(), timeout=10) as server:
        server.send_message(mail)

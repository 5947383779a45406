"""The stand-in for a payment provider keeps the promise that makes it worth asking: one key, one charge."""

import asyncio
import importlib.util
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

ORDER = {"reference": "order 17", "card": "4242", "amount_cents": 1700}
SOURCE = Path(__file__).parents[2] / "drills" / "images" / "outside" / "outside" / "payments.py"


def asked(*calls):
    """Status and answer of each call to a new ledger; a call is (path, body, headers), without a body it is a GET."""
    spec = importlib.util.spec_from_file_location("payments", SOURCE)
    payments = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(payments)

    async def ask():
        app = web.Application()
        app.add_routes(payments.Ledger().routes())
        async with TestClient(TestServer(app)) as client:
            return [await answer(client, *call) for call in calls]

    return asyncio.run(ask())


async def answer(client, path, body=None, headers=None):
    async with client.request("GET" if body is None else "POST", path, json=body, headers=headers) as response:
        found = await response.json() if response.content_type == "application/json" else await response.text()
        return response.status, found


def key(name):
    return {"Idempotency-Key": name}


def test_one_key_is_one_charge():
    *posted, (_, ledger) = asked(
        ("/charges", ORDER, key("a")),
        ("/charges", ORDER, key("a")),
        ("/charges", ORDER, key("b")),
        ("/charges", ORDER),
        ("/charges", ORDER),
        ("/charges",),
    )
    assert [(status, charge["id"]) for status, charge in posted] == [
        (201, "ch_1"),
        (200, "ch_1"),
        (201, "ch_2"),
        (201, "ch_3"),
        (201, "ch_4"),
    ]
    assert [each["id"] for each in ledger] == ["ch_1", "ch_2", "ch_3", "ch_4"]


def test_a_key_is_for_one_request():
    _, (status, said) = asked(("/charges", ORDER, key("a")), ("/charges", {**ORDER, "amount_cents": 1}, key("a")))
    assert (status, "'a' was used for another request" in said) == (422, True)


def test_a_refund_is_given_once_and_stays_in_the_ledger():
    (_, charge), *refunds, (_, found), (_, others) = asked(
        ("/charges", ORDER),
        ("/refunds", {"charge": "ch_1"}),
        ("/refunds", {"charge": "ch_1"}),
        ("/refunds", {"charge": "ch_9"}),
        ("/charges?reference=order%2017",),
        ("/charges?reference=order%2018",),
    )
    assert [status for status, _ in refunds] == [201, 409, 404]
    assert (found, others) == ([{**charge, "refunded": True}], [])


@pytest.mark.parametrize("body", [{}, [], {**ORDER, "amount_cents": -1}, {**ORDER, "amount_cents": True}])
def test_what_is_no_charge_is_refused(body):
    (status, _), (_, ledger) = asked(("/charges", body), ("/charges",))
    assert (status, ledger) == (400, [])

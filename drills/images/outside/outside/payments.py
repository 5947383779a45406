"""A payment provider that moves no money and keeps a ledger.

``POST /charges``   {"reference", "card", "amount_cents"}: 201, the charge. With a header ``Idempotency-Key`` that was
                    there before: 200, the same charge again (header ``Idempotent-Replayed``); 422 for another request.
``POST /refunds``   {"charge"}: 201, or 409 where it was refunded before.
``GET /charges``    the ledger, oldest first; ``?reference=…`` only those of one reference.
"""

import time
from dataclasses import asdict, dataclass, field

from aiohttp import web


@dataclass
class Charge:
    """A row of the ledger."""

    id: str
    reference: str
    card: str
    amount_cents: int
    release: str = ""
    refunded: bool = False
    at: float = field(default_factory=time.monotonic)

    def asked(self):
        """What a request with the same key has to say, too."""
        return self.reference, self.card, self.amount_cents


class Ledger:
    """Charges by id, and by idempotency key. No handler awaits between a look and its write, so none overtakes."""

    def __init__(self):
        self.charges = {}
        self._by_key = {}

    def routes(self):
        """The API."""
        return [
            web.post("/charges", self.charge),
            web.get("/charges", self.list),
            web.post("/refunds", self.refund),
        ]

    async def charge(self, request):
        """Charges a card, or says again what became of it."""
        body = await _object(request)
        reference, card, amount = (body.get(name) for name in ("reference", "card", "amount_cents"))
        if not isinstance(reference, str) or not isinstance(card, str) or type(amount) is not int or amount < 0:
            raise web.HTTPBadRequest(text="expected reference, card and amount_cents (a whole number, 0 or more)")
        key = request.headers.get("Idempotency-Key", "")
        new = Charge(f"ch_{len(self.charges) + 1}", reference, card, amount, request.headers.get("X-Release", ""))
        before = self._by_key.get(key) if key else None
        if before is None:
            self.charges[new.id] = new
            if key:
                self._by_key[key] = new
            return web.json_response(asdict(new), status=201)
        if before.asked() != new.asked():
            raise web.HTTPUnprocessableEntity(text=f"idempotency key {key!r} was used for another request")
        return web.json_response(asdict(before), headers={"Idempotent-Replayed": "true"})

    async def refund(self, request):
        """Gives the money of one charge back; the charge stays in the ledger."""
        name = (await _object(request)).get("charge")
        charge = self.charges.get(name)
        if charge is None:
            raise web.HTTPNotFound(text=f"no charge {name!r}")
        if charge.refunded:
            raise web.HTTPConflict(text=f"{name} was refunded before")
        charge.refunded = True
        return web.json_response(asdict(charge), status=201)

    async def list(self, request):
        """The ledger."""
        reference = request.query.get("reference")
        found = [each for each in self.charges.values() if reference in (None, each.reference)]
        return web.json_response([asdict(each) for each in found])


async def _object(request):
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="expected a JSON object")
    return body


def main():
    """Serves until it is told to stop."""
    app = web.Application()
    app.add_routes(Ledger().routes())
    web.run_app(app, port=8080, access_log=None, print=None)


if __name__ == "__main__":
    main()

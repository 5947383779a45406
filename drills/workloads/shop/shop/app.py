"""The HTTP side of the service."""

import time
import uuid

from flask import Flask, g, jsonify, request
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

from shop import release as releases
from shop.logs import RequestLog
from shop.settings import database_settings, release_name
from shop.store import Orders


def create_app():
    """The service of the release that the environment names. The caller opens ``extensions["orders"]``."""
    release = releases.load(release_name())
    app = Flask("shop")
    orders = app.extensions["orders"] = release.store(Orders(database_settings(release.password), release))
    _watch_requests(app, release)
    _add_routes(app, release, orders)
    release.setup(app)
    return app


def _watch_requests(app, release):
    log = RequestLog()

    @app.before_request
    def arrive():
        g.arrived, g.started = time.time(), time.perf_counter()
        g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex

    @app.errorhandler(HTTPException)
    def refused(error):
        return jsonify(error=error.description, request_id=g.request_id), error.code

    @app.errorhandler(Exception)
    def failed(error):
        log.failure(g.request_id, request.path, error, release.id)
        return jsonify(error="internal error", request_id=g.request_id), 500

    @app.after_request
    def leave(response):
        response.headers["X-Version"] = release.id
        response.headers["X-Request-Id"] = g.request_id
        seconds = time.perf_counter() - g.started
        log.access(
            g.request_id,
            g.arrived,
            seconds,
            request.method,
            request.full_path.rstrip("?"),
            response.status_code,
            release.id,
        )
        return response


def _add_routes(app, release, orders):
    @app.get("/healthz")
    def healthz():
        # Shallow on purpose: the process is up. What users get is another question.
        return jsonify(status="ok")

    @app.get("/version")
    def version():
        return jsonify(version=release.id)

    @app.get("/orders/<int:order_id>")
    def get_order(order_id):
        order = orders.get(order_id)
        if order is None:
            raise NotFound(f"no order {order_id}")
        return jsonify(release.shape(order))

    @app.get("/orders")
    def list_orders():
        limit = request.args.get("limit", default=20, type=int)
        if not 1 <= limit <= 100:
            raise BadRequest("limit: expected 1 to 100")
        return jsonify(orders=[release.shape(order) for order in orders.latest(limit)])

    @app.post("/orders")
    def add_order():
        key = request.headers.get("Idempotency-Key", "")
        if not 1 <= len(key) <= 200:
            raise BadRequest("header Idempotency-Key: expected 1 to 200 characters")
        order, created = orders.add(key, *_order_in(request.get_json()))
        if created:
            release.placed(order)
        return jsonify(release.shape(order)), 201 if created else 200


def _order_in(body):
    """sku, quantity and total_cents of a request body."""
    if not isinstance(body, dict):
        raise BadRequest("expected a JSON object")
    sku, numbers = body.get("sku"), [body.get("quantity"), body.get("total_cents")]
    if not isinstance(sku, str) or not 1 <= len(sku) <= 64:
        raise BadRequest("sku: expected 1 to 64 characters")
    if any(type(number) is not int or not 0 <= number < 2**31 for number in numbers):
        raise BadRequest("quantity, total_cents: expected whole numbers from 0 to 2147483647")
    return sku, *numbers

"""The HTTP side of the store. What a release changes is a file of its own: see releases/."""

import json
import sys
import time
import traceback
import uuid
from pathlib import Path

from assets import Assets
from flask import Flask, g, jsonify, render_template, request
from pricing import shape
from store import Orders, settings
from werkzeug.exceptions import BadRequest, HTTPException, NotFound

HERE = Path(__file__).resolve().parent
VERSION = (HERE / "VERSION").read_text().strip()


def create_app():
    """The service of the release that this folder holds."""
    app = Flask("storefront", root_path=str(HERE))
    orders = Orders(settings())
    _watch_requests(app)
    _add_routes(app, orders, Assets(HERE / "public" / "assets"))
    return app


def _watch_requests(app):
    @app.before_request
    def arrive():
        g.request_id = request.headers.get("X-Request-Id", "")[:64] or uuid.uuid4().hex

    @app.errorhandler(HTTPException)
    def refused(error):
        return jsonify(error=error.description, request_id=g.request_id), error.code

    @app.errorhandler(Exception)
    def failed(error):
        _log(error)
        return jsonify(error="internal error", request_id=g.request_id), 500

    @app.after_request
    def leave(response):
        response.headers["X-Version"] = VERSION
        response.headers["X-Request-Id"] = g.request_id
        return response


def _log(error):
    fields = {
        "time": round(time.time(), 3),
        "request_id": g.request_id,
        "path": request.path,
        "version": VERSION,
        "error": f"{type(error).__name__}: {error}",
        "traceback": "".join(traceback.format_exception(error)),
    }
    print(json.dumps(fields), file=sys.stderr, flush=True)


def _add_routes(app, orders, assets):
    @app.get("/")
    def page():
        return render_template("index.html", asset=assets.path, version=VERSION)

    @app.get("/healthz")
    def healthz():
        return jsonify(status="ok")

    @app.get("/version")
    def version():
        return jsonify(version=VERSION)

    @app.get("/orders/<int:order_id>")
    def get_order(order_id):
        order = orders.get(order_id)
        if order is None:
            raise NotFound(f"no order {order_id}")
        return jsonify(shape(order))

    @app.post("/orders")
    def add_order():
        key, body = request.headers.get("Idempotency-Key", ""), request.get_json()
        if not 1 <= len(key) <= 200:
            raise BadRequest("header Idempotency-Key: expected 1 to 200 characters")
        if not isinstance(body, dict) or not {"sku", "quantity", "total_cents"} <= set(body):
            raise BadRequest("expected sku, quantity and total_cents")
        orders.add(key, str(body["sku"]), int(body["quantity"]), int(body["total_cents"]))
        return jsonify(placed=key), 201

"""The function: HTTP requests from the load balancer, and orders from the queue."""

import json
import os
import re
import traceback
from pathlib import Path

import boto3
import pricing

VERSION = Path(__file__).with_name("VERSION").read_text().strip()


def handler(event, _context):
    """One HTTP request, or a batch of messages."""
    if "Records" in event:
        for record in event["Records"]:
            _receipt(json.loads(record["body"]))
        return {}
    request = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-request-id", "")
    try:
        status, body = _answer(event["httpMethod"], event["path"], event.get("body"))
    except Exception as problem:  # noqa: BLE001  a page of errors, with the cause in the log
        print(json.dumps({"request_id": request, "error": f"{type(problem).__name__}: {problem}"}))
        traceback.print_exc()
        status, body = 500, {"error": "internal error", "request_id": request}
    headers = {"Content-Type": "application/json", "X-Version": VERSION}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body, separators=(",", ":"))}


def _answer(method, path, body):
    if path == "/version":
        return 200, {"version": VERSION}
    if price := re.fullmatch(r"/prices/(\d{1,6})", path):
        return 200, {"id": int(price[1]), "price_cents": pricing.price(int(price[1]))}
    if receipt := re.fullmatch(r"/receipts/([A-Za-z0-9-]{1,64})", path):
        found = _table().get_item(Key={"id": receipt[1]}).get("Item")
        return (200, {"id": found["id"], "total": int(found["total"]), "by": found["by"]}) if found else (404, {})
    if method == "POST" and path == "/orders":
        order = json.loads(body or "{}")
        boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=json.dumps(order))
        return 202, {"id": order["id"]}
    return 404, {"error": "no such page"}


def _receipt(order):
    _table().put_item(Item={"id": order["id"], "total": pricing.total(order["item"]), "by": VERSION})


def _table():
    return boto3.resource("dynamodb").Table(os.environ["RECEIPTS"])

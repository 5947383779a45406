#!/usr/bin/env python3
"""Makes the collection `notes` with 100 notes on a new PocketBase: `notes.py URL`. Does nothing where it is there."""

import json
import secrets
import subprocess
import sys
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

API = f"{sys.argv[1]}/api"
ADMIN = "admin@example.org"
SCHEMA = [{"name": "text", "type": "text"}, {"name": "ref", "type": "text"}]


def call(method, path, body=None, token=""):
    """What the API answers, parsed."""
    headers = {"Content-Type": "application/json", "Authorization": token}
    data = None if body is None else json.dumps(body).encode()
    request = Request(f"{API}/{path}", data, headers, method=method)
    with build_opener(ProxyHandler({})).open(request, timeout=20) as answer:
        return json.load(answer)


try:
    print(call("GET", "collections/notes/records?perPage=1")["totalItems"], "notes are there")
    sys.exit()
except HTTPError as problem:
    if problem.code != 404:
        raise
password = secrets.token_urlsafe(12)
admin = ["docker", "compose", "exec", "-T", "pocketbase", "/pocketbase", "--dir=/pb/data", "admin"]
subprocess.run([*admin, "create", ADMIN, password], check=True)
token = call("POST", "admins/auth-with-password", {"identity": ADMIN, "password": password})["token"]
rules = {"listRule": "", "viewRule": "", "createRule": ""}
call("POST", "collections", {"name": "notes", "type": "base", "schema": SCHEMA, **rules}, token)
for number in range(100, 200):
    note = {"id": f"note{number:011}", "text": f"note {number}", "ref": f"seed-{number}"}
    call("POST", "collections/notes/records", note)
print("100 notes made")

#!/usr/bin/env python3
"""rollback.py MESSAGE [--production]: roll back to the newest deployment with that message; wrangler cannot.

With --production previews are not looked at.
"""

import json
import os
import sys
import urllib.error
import urllib.request

PROJECT = (
    f"{os.environ['CLOUDFLARE_API_BASE_URL']}/accounts/{os.environ['CLOUDFLARE_ACCOUNT_ID']}"
    f"/pages/projects/{os.environ['PAGES_PROJECT']}"
)


def ask(method: str, path: str) -> dict:
    """The API's answer; ends with its words where it refuses."""
    head = {"Authorization": f"Bearer {os.environ['CLOUDFLARE_API_TOKEN']}"}
    request = urllib.request.Request(PROJECT + path, method=method, headers=head)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        sys.exit(f"{method} {path}: {json.load(problem)['errors'][0]['message']}")


def main(message: str, *options: str) -> None:
    """Roll back."""
    only = "?env=production" if "--production" in options else ""
    found = [
        each
        for each in ask("GET", f"/deployments{only}")["result"]
        if each["deployment_trigger"]["metadata"]["commit_message"] == message
    ]
    if not found:
        sys.exit(f"there is no deployment with the message {message!r}")
    ask("POST", f"/deployments/{found[0]['id']}/rollback")
    print(f"live: {found[0]['id']} ({message})")


if __name__ == "__main__":
    main(*sys.argv[1:])

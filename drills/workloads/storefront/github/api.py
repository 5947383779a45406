"""GitHub's REST API, as scripts of this folder ask it."""

import json
import os
import sys
import urllib.error
import urllib.request

API = os.environ["GITHUB_API_URL"]
REPOSITORY = f"{API}/repos/{os.environ['GITHUB_REPOSITORY']}"


def ask(method: str, path: str, body: bytes | None = None, base: str = REPOSITORY) -> dict:
    """The API's answer; ends with its words where it refuses."""
    head = {"Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}", "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, method=method, headers=head, data=body)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as problem:
        sys.exit(f"{method} {path}: {json.load(problem)['message']}")

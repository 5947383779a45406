"""Questions to the team's registry (OCI distribution API); $REGISTRY is its host and port."""

import json
import os
import urllib.error
import urllib.request

_FORM = "application/vnd.docker.distribution.manifest.v2+json"
"""What Docker pushes; a registry gives the digest of another form otherwise."""


def ask(method, repository, reference, what="manifests"):
    """The answer to one request."""
    url = f"http://{os.environ['REGISTRY']}/v2/{repository}/{what}/{reference}"
    request = urllib.request.Request(url, method=method, headers={"Accept": _FORM})
    return urllib.request.urlopen(request, timeout=10)


def tags(repository):
    """Tags of a repository."""
    return json.load(ask("GET", repository, "list", "tags"))["tags"] or []


def digest(name):
    """Digest of what `repository:tag` names; empty where there is nothing of that name."""
    repository, _, tag = name.rpartition(":")
    try:
        return ask("HEAD", repository, tag).headers["Docker-Content-Digest"]
    except urllib.error.HTTPError as problem:
        if problem.code != 404:
            raise
        return ""


def pinned(image):
    """`host/repository@digest` of `host/repository:tag`; ends the script where there is no such image."""
    found = digest(image.removeprefix(f"{os.environ['REGISTRY']}/"))
    if not found:
        raise SystemExit(f"{image} is not in the registry")
    return f"{image.rpartition(':')[0]}@{found}"

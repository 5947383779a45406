"""The stand-in's process, ``python -m drills.static.server``: the vendor's API on one port, the sites on another.

The configuration comes as JSON on standard input, so that the token stands in no process list.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import socket
import sys
import time
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from drills.static.serving import serve
from drills.static.store import Blobs, Deployment, Site
from drills.static.vendor import LARGEST_BODY, LARGEST_WORDS, STATE_PATH, StandInConfig, Vendor

VENDORS = {
    "vercel": "drills.static.vercel:VercelApi",
    "netlify": "drills.static.netlify:NetlifyApi",
    "cloudflare-pages": "drills.static.cloudflare:CloudflarePagesApi",
    "github-pages": "drills.static.github_api:GitHubPagesApi",
}
_IDLE = 10
"""Seconds that a client may keep a connection without saying anything."""


class Limited:
    """An API that reads no more of a request than such a request needs: nothing of one that announces more."""

    def __init__(self, app: ASGIApp, uploads: str) -> None:
        self._app = app
        self._uploads = re.compile(uploads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        largest = LARGEST_BODY if self._uploads.fullmatch(scope.get("path", "")) else LARGEST_WORDS
        announced = Headers(scope=scope).get("content-length", "") if scope["type"] == "http" else ""
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = {} if announced.isdecimal() and int(announced) > largest else await receive()
            seen += len(message.get("body", b""))
            if not message or seen > largest:
                raise HTTPException(413, f"such a request has at most {largest} bytes")
            return message

        await self._app(scope, counted, send)


class SiteApp:
    """Serves deployments: one by its own host name, otherwise what production shows."""

    def __init__(self, vendor: Vendor, log: Path) -> None:
        self._vendor = vendor
        self._log = log.open("a", buffering=1, encoding="utf-8")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        response = self._answer(request)
        entry = {
            "at": time.time(),
            "method": request.method,
            "path": request.url.path,
            "status": response.status_code,
            "request": request.headers.get("x-request-id", ""),
        }
        self._log.write(json.dumps(entry) + "\n")
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return Response(status_code=405, headers={"Allow": "GET, HEAD"})
        deployment = self._shown(request.headers.get("host", "").partition(":")[0])
        if deployment is None:
            return Response("this site has no deployment\n", status_code=404, media_type="text/plain")
        served = serve(deployment, self._vendor.settings(deployment), unquote(request.url.path))
        etag = served.headers.get("ETag")
        if served.status == 200 and etag and etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=served.headers)
        if served.blob is None:
            return Response("not found\n" if served.status == 404 else "", served.status, served.headers)
        return FileResponse(served.blob.path, served.status, served.headers)

    def _shown(self, host: str) -> Deployment | None:
        named = (each for each in self._vendor.site.deployments.values() if self._vendor.deployment_host(each) == host)
        return next(named, None) or self._vendor.site.live()


def build(config: StandInConfig) -> tuple[FastAPI, SiteApp]:
    """API and sites of one stand-in."""
    site = Site(config.site, day=config.day, alias_delay=config.alias_delay)
    module, _, name = VENDORS[config.vendor].partition(":")
    vendor: Vendor = getattr(import_module(module), name)(config, site, Blobs(config.root / "blobs"))
    api = vendor.api()
    api.add_middleware(Limited, uploads=vendor.uploads)

    @api.get(STATE_PATH, include_in_schema=False)
    async def state() -> JSONResponse:
        return JSONResponse(dataclasses.asdict(vendor.snapshot()))

    return api, SiteApp(vendor, config.root / "access.jsonl")


def _listen(binds: tuple[str, ...], port: int) -> list[socket.socket]:
    sockets = []
    for address in binds:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        sockets.append(listener)
    return sockets


async def _serve(config: StandInConfig) -> None:
    api, sites = build(config)
    work = []
    for app, binds, port in ((api, ("127.0.0.1",), config.api_port), (sites, config.binds, config.site_port)):
        settings = uvicorn.Config(app, log_level="warning", access_log=False, timeout_keep_alive=_IDLE, lifespan="off")
        work.append(uvicorn.Server(settings).serve(sockets=_listen(binds, port)))
    await asyncio.gather(*work)


if __name__ == "__main__":
    asyncio.run(_serve(StandInConfig.model_validate_json(sys.stdin.read())))

"""The server that the probe is tried on, and its traffic."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping

from aiohttp import web

from harness.probe.config import Traffic

PATIENCE = 60.0
"""Seconds after which a condition that never comes fails the test; not an expectation of speed."""


def eventually(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.01)


class Shop:
    """A real server that fails, lies, breaks off or stalls on demand."""

    def __init__(self) -> None:
        self.mode = "good"
        self.received: list[tuple[str, Mapping[str, str], object]] = []
        self.waiting = 0
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._gate = asyncio.Event()
        self._gate.set()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._gate.set)

    def close_gate(self) -> None:
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result(PATIENCE)

    async def _shut(self) -> None:
        self._gate.clear()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json() if request.can_read_body else None
        self.received.append((f"{request.method} {request.path}", dict(request.headers), body))
        self.waiting += 1
        try:
            await self._gate.wait()
        finally:
            self.waiting -= 1
        return await self._reply(request)

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        headers = {"X-Version": "v1"}
        if self.mode == "error":
            return web.Response(status=500, text="password=hunter2", headers=headers)
        if self.mode == "redirect":
            return web.Response(status=302, headers={**headers, "Location": "/elsewhere"})
        if self.mode == "cut":
            response = web.StreamResponse(headers={**headers, "Content-Length": "1000"})
            await response.prepare(request)
            assert request.transport is not None
            request.transport.close()
            return response
        total = 1 if self.mode == "lie" else int(request.path.rpartition("/")[2] or 0) * 100
        status = 201 if request.method == "POST" else 200
        return web.json_response({"total_cents": total}, status=status, headers=headers)

    def start(self) -> None:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(PATIENCE)

    async def _serve(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = site.name

    def end(self) -> None:
        self.open()
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def orders(**changes: object) -> Traffic:
    """80 % reads with a body that is checked, 20 % writes."""
    return Traffic.model_validate(
        {
            "rate": 100,
            "timeout": "30s",
            "requests": [
                {
                    "name": "read", "weight": 80, "get": "/orders/{{ n }}", "vary": {"n": [1, 200]},
                    "expect": {"contains": '"total_cents": {{ n * 100 }}'},
                },
                {
                    "name": "write", "weight": 20, "write": True, "post": "/orders/",
                    "headers": {"Idempotency-Key": "{{ key }}"}, "json": {"sku": "a-{{ run }}", "n": "{{ q }}"},
                    "vary": {"q": [1, 3]}, "expect": {"status": 201},
                },
            ],
            **changes,
        }
    )  # fmt: skip

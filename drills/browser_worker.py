"""The process that drives the browser: orders come as JSON lines on standard input, answers go to standard output.

A process of its own, because Playwright's objects belong to one thread and its driver inherits the environment of the
process that starts it: so the driver and Chromium carry the run's marker and nothing of the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from harness.model import Frozen

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page, Response
    from playwright.async_api import Request as PageRequest

_QUIET = 5.0
"""Seconds that a page may take after it has loaded until it asks for nothing more and its service worker has been
activated; one that never comes to rest is no fault."""
_LOOK = 5.0
"""Seconds for a screenshot and for reading what stands somewhere."""
_TRIES = 3
_CODE = {"script": ("javascript", "ecmascript", "wasm", "json"), "stylesheet": ("css",)}
"""Requests without which a page does not work, and what their content types contain (HTML, "Fetching scripts")."""
_INSTALLED = """async () => {
    for (const each of (await navigator.serviceWorker?.getRegistrations()) ?? [])
        while (each.installing || (each.active && each.active.state !== "activated"))
            await new Promise((done) => setTimeout(done, 20))
}"""
_WORKERS = """async () => {
    const found = {}
    for (const each of (await navigator.serviceWorker?.getRegistrations()) ?? []) {
        const script = (each.active ?? each.waiting ?? each.installing)?.scriptURL ?? "no script"
        found[new URL(each.scope).pathname] = [script.replace(location.origin, ""), await caches.keys()]
    }
    return found
}"""


class Launch(Frozen):
    """How the browser is started; the first line on standard input."""

    program: str
    profile: Path
    arguments: tuple[str, ...]
    marker: str
    """Regular expression whose first group is the version that a page names."""


class Order(Frozen):
    """What a visitor does in one tab, in the order of the fields. Durations are seconds."""

    number: int = 0
    tab: str
    """Empty: nothing but to tell which service workers there are."""
    url: str = ""
    """Enter this address; the tab is opened where there is none."""
    reload: bool = False
    click: str = ""
    selector: str = ""
    """Wait until this can be seen …"""
    text: str = ""
    """… with this in it."""
    patience: float = 5.0
    screen: str = ""
    """Where to write a screenshot."""

    @property
    def limit(self) -> float:
        """Seconds after which the worker gives it up: three things to wait for, then what is read from the page."""
        return self.patience * 3 + 2 * _QUIET + (2 * _TRIES + 2) * _LOOK


class Seen(Frozen):
    """What came of an order."""

    number: int
    error: str = ""
    """Why the question could not be asked."""
    unmet: str = ""
    """What did not happen in time; empty where everything did."""
    broken: tuple[str, ...] = ()
    """Errors of the page and failed requests for code, of the document that is shown at the end."""
    said: tuple[str, ...] = ()
    """Errors on the console."""
    version: str = ""
    workers: dict[str, str] = {}


class Tab:
    """One page and what is heard from it; a new document starts with a clean record."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.broken: list[str] = []
        self.said: list[str] = []
        page.on("request", self._asked)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("pageerror", lambda problem: self.broken.append(f"page error: {problem}"))
        page.on("console", self._spoken)

    def forget(self) -> None:
        """Nothing was heard yet."""
        self.broken.clear()
        self.said.clear()

    def _asked(self, request: PageRequest) -> None:
        if request.is_navigation_request() and request.frame == self.page.main_frame:
            self.forget()

    def _failed(self, request: PageRequest) -> None:
        # ERR_ABORTED: the page has gone on to another document.
        if request.resource_type in _CODE and "ERR_ABORTED" not in (request.failure or ""):
            self.broken.append(f"{request.resource_type} {request.url} → {request.failure}")

    def _answered(self, response: Response) -> None:
        kind = response.request.resource_type
        if kind not in _CODE:
            return
        content = response.headers.get("content-type", "no content type")
        if response.status >= 400:
            self.broken.append(f"{kind} {response.url} → {response.status}")
        elif response.status == 200 and not any(each in content for each in _CODE[kind]):
            self.broken.append(f"{kind} {response.url} → {content}")

    def _spoken(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.said.append(f"console: {message.text}")


class Visitor:
    """The browser with its tabs."""

    def __init__(self, context: BrowserContext, marker: str) -> None:
        self._context = context
        self._marker = marker
        self._tabs: dict[str, Tab] = {}

    async def obey(self, order: Order) -> Seen:
        """Carry out one order."""
        if not order.tab:
            return Seen(number=order.number, workers=await self._workers())
        if order.tab not in self._tabs:
            if not order.url:
                return Seen(number=order.number, error=f"no tab {order.tab!r} was opened so far")
            self._tabs[order.tab] = Tab(await self._context.new_page())
        tab = self._tabs[order.tab]
        tab.forget()
        unmet, error = await _acted(tab.page, order)
        if order.screen:
            await _pictured(tab.page, order.screen)
        version = re.search(self._marker, await _content(tab.page))
        return Seen(
            number=order.number,
            error=error,
            unmet=unmet,
            broken=tuple(dict.fromkeys(tab.broken)),
            said=tuple(dict.fromkeys(tab.said)),
            version=version[1] if version else "",
        )

    async def _workers(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for tab in self._tabs.values():
            for scope, (script, caches) in (await tab.page.evaluate(_WORKERS)).items():
                found[f"service worker {scope}"] = f"{script}, caches: {', '.join(sorted(caches)) or 'none'}"
        return found


async def _acted(page: Page, order: Order) -> tuple[str, str]:
    """What did not happen, and why nothing can be said; both empty where all went as ordered."""
    from playwright.async_api import Error, TimeoutError

    limit = order.patience * 1000
    doing = ""
    try:
        if order.url or order.reload:
            doing = "the page loads"
            await (page.goto(order.url, timeout=limit) if order.url else page.reload(timeout=limit))
            await _quiet(page)
        if order.click:
            doing = f"a click on {order.click}"
            await page.click(order.click, timeout=limit)
        if order.selector:
            doing = f"{order.selector} shows {order.text!r}" if order.text else f"{order.selector} can be seen"
            wanted = page.locator(order.selector).filter(has_text=re.compile(re.escape(order.text)))
            await wanted.first.wait_for(state="visible", timeout=limit)
    except TimeoutError:
        return f"not within {order.patience:g} s: {doing}{await _instead(page, order)}", ""
    except Error as problem:
        said = problem.message.splitlines()[0]
        return (f"{doing}: {said}", "") if "net::" in said else ("", f"{doing}: {said}")
    return "", ""


async def _quiet(page: Page) -> None:
    from playwright.async_api import Error

    with contextlib.suppress(Error, TimeoutError):  # an Error too where the page has become another one meanwhile
        await page.wait_for_load_state("networkidle", timeout=_QUIET * 1000)
        async with asyncio.timeout(_QUIET):
            await page.evaluate(_INSTALLED)


async def _pictured(page: Page, file: str) -> None:
    """Write a screenshot; a page that is about to be another one is pictured when it is that."""
    from playwright.async_api import Error

    for _ in range(_TRIES):
        with contextlib.suppress(Error):
            await page.wait_for_load_state("load", timeout=_LOOK * 1000)
        with contextlib.suppress(Error):
            await page.screenshot(path=file, timeout=_LOOK * 1000)
            return


async def _content(page: Page) -> str:
    """The document as it is now; empty where the page is too busy to tell."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(_LOOK):
            return await page.content()
    except (Error, TimeoutError):
        return ""


async def _instead(page: Page, order: Order) -> str:
    """What stands in the place of what was expected."""
    from playwright.async_api import Error

    if not order.selector:
        return ""
    try:
        shown = " ".join(await page.locator(order.selector).all_inner_texts())
    except Error:
        return ""
    return f" (shows {' '.join(shown.split())[:80]!r})" if shown.strip() else " (nothing is there)"


async def _lines() -> asyncio.StreamReader:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def _say(value: str) -> None:
    sys.stdout.write(value + "\n")
    sys.stdout.flush()


async def _work() -> None:
    from playwright.async_api import Error, async_playwright

    lines = await _lines()
    launch = Launch.model_validate_json(await lines.readline())
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            launch.profile,
            executable_path=launch.program,
            args=launch.arguments,
            viewport={"width": 1024, "height": 768},
        )
        visitor = Visitor(context, launch.marker)
        _say(json.dumps({"agent": await context.pages[0].evaluate("navigator.userAgent")}))
        while line := await lines.readline():
            order = Order.model_validate_json(line)
            try:
                async with asyncio.timeout(order.limit):
                    seen = await visitor.obey(order)
            except (Error, TimeoutError, ValidationError) as problem:
                seen = Seen(number=order.number, error=f"{type(problem).__name__}: {problem}".splitlines()[0])
            _say(seen.model_dump_json())
        await context.close()


if __name__ == "__main__":
    asyncio.run(_work())

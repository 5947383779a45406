"""Step ``visit`` and check ``browser``: what a visitor does in a tab, and what that tab shows."""

from __future__ import annotations

import time
from typing import Literal, cast
from urllib.parse import urljoin

from pydantic import Field

from drills.browser import RunningBrowser
from drills.browser_worker import Order, Seen
from harness.model import CheckResult, Frozen, Outcome
from harness.spi import Bench, Check, Scope, ServiceName, Step, StepOutcome
from harness.units import Duration


class Shows(Frozen):
    """Something that can be seen in a page."""

    selector: str = Field(default="body", min_length=1, description="CSS selector")
    text: str = Field(default="", description="what has to stand in it")

    def said(self, scope: Scope) -> str:
        """In words."""
        text = scope.render(self.text)
        return f"{self.selector} shows {text!r}" if text else f"{self.selector} can be seen"


class Visit(Step):
    """A visitor enters an address in a tab, which stays open: the next visit, or a check, finds it as it was left.

    It waits until the page has come to rest, and a service worker that the page brings has been activated.
    """

    uses: Literal["visit"] = "visit"
    browser: ServiceName = Field(default="browser", validate_default=True, description="the `browser` service")
    tab: str = Field(default="visitor", min_length=1, description="name of the tab; opened where there is none")
    path: str = Field(default="/", description="path on the stack's entry, or a whole address")
    click: str = Field(default="", description="CSS selector of what is clicked once the page has loaded")
    expect: Shows | None = Field(default=None, description="the step has failed where this is not seen in time")
    timeout: Duration = Field(default=15.0, description="how long the visitor waits for each of these")

    def describe(self, scope: Scope) -> str:
        """Which page in which tab."""
        then = "".join(
            (f", click {self.click}" if self.click else "", f", {self.expect.said(scope)}" if self.expect else "")
        )
        return f"a visitor opens {scope.render(self.path)} in the tab {self.tab}{then}"

    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Go there. A broken page is no failure of the visit unless something else is expected."""
        began, command = time.monotonic(), self.describe(scope)
        order = Order(
            tab=self.tab,
            url=urljoin(bench.platform.entry_url, scope.render(self.path)),
            click=self.click,
            selector=self.expect.selector if self.expect else "",
            text=scope.render(self.expect.text) if self.expect else "",
            patience=self.timeout,
        )
        browser = cast(RunningBrowser, bench.services[self.browser])
        try:
            seen, screen = browser.look(order, bench.platform.entry_url, screen=self.name or f"visit {self.tab}")
        except ConnectionError as problem:
            return StepOutcome(ok=False, took=time.monotonic() - began, output=str(problem), command=command)
        told = [f"{self.tab}: {seen.version or 'no version'}", *_told(seen, screen)]
        return StepOutcome(
            ok=not seen.error and not seen.unmet,
            took=time.monotonic() - began,
            output=bench.run.redactor.clean("\n".join(told)),
            command=command,
        )


class BrowserCheck(Check):
    """A tab that a visitor has open shows what it should, and none of its scripts and style sheets is broken."""

    uses: Literal["browser"] = "browser"
    browser: ServiceName = Field(default="browser", validate_default=True, description="the `browser` service")
    tab: str = Field(default="visitor", min_length=1, description="a tab that a `visit` has opened")
    reload: bool = Field(default=False, description="load the page again before looking")
    click: str = Field(default="", description="CSS selector of what is clicked before looking")
    expect: Shows = Field(default=Shows(), description="what has to be seen")
    timeout: Duration = Field(default=5.0, description="how long the visitor waits for each of these")

    def describe(self, scope: Scope) -> str:
        """What is done and what is expected."""
        done = ", ".join([*(["reloaded"] if self.reload else []), *([f"{self.click} clicked"] if self.click else [])])
        return f"tab {self.tab}{f' ({done})' if done else ''} → {self.expect.said(scope)}, nothing broken"

    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """Look once. Unknown where there is no such tab or no browser."""
        name, expected = self.name or f"browser tab {self.tab}", f"{self.expect.said(scope)}, nothing broken"
        order = Order(
            tab=self.tab,
            reload=self.reload,
            click=self.click,
            selector=self.expect.selector,
            text=scope.render(self.expect.text),
            patience=self.timeout,
        )
        browser = cast(RunningBrowser, bench.services[self.browser])
        try:
            seen, screen = browser.look(order, bench.platform.entry_url, screen=name)
        except ConnectionError as problem:
            return CheckResult(name=name, outcome=Outcome.UNKNOWN, expected=expected, seen=str(problem))
        fine = not (seen.error or seen.unmet or seen.broken)
        wrong = seen.error or "; ".join(each for each in (*seen.broken[:1], seen.unmet) if each) or "as expected"
        outcome = Outcome.UNKNOWN if seen.error else Outcome.PASS if fine else Outcome.FAIL
        return CheckResult(
            name=name,
            outcome=outcome,
            expected=expected,
            seen=f"{seen.version or 'no version'}: {wrong}",
            evidence=() if fine else tuple(_told(seen, screen)),
        )


def _told(seen: Seen, screen: str) -> list[str]:
    """Evidence: what is broken first, the screenshot last."""
    missing = [each for each in (seen.error, seen.unmet) if each]
    return [*seen.broken, *missing, *seen.said, *([f"screenshot: {screen}"] if screen else [])]

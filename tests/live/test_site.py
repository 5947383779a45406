"""The site of 500 runs in a real headless Chromium, from files: no server, no network, no script."""

import os
import shutil
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from harness.history import read
from harness.site import build_site
from tests.harness.site.many import NOW, many

pytestmark = pytest.mark.live
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = {
    "resultTypes": ["violations"],
    "preload": False,  # would fetch the style sheet again by script, which the pages' policy refuses
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """One page of every kind, by name."""
    folder = tmp_path_factory.mktemp("site")
    runs = folder / "runs"
    many(runs, folder / "kinds", 500)
    rows = {row.verdict: row for row in read(runs)}
    changed = runs / rows["passed"].run / "run.json"
    edited = {"edited": rows.pop("passed")}
    changed.write_text(changed.read_text().replace('"operator": "', '"operator": "not '))
    built = build_site(runs, folder / "site", NOW)
    assert (built.scenarios, built.runs) == (10, 500)
    pages = folder / "site"
    return {
        "index": pages / "index.html",
        "scenario": pages / "scenarios" / "ecs-bad-migration.html",
        "older runs": pages / "scenarios" / "ecs-bad-migration.2.html",
        **{str(name): pages / "runs" / f"{row.run}.html" for name, row in {**rows, **edited}.items()},
    }


@pytest.fixture(scope="module")
def browser():
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"none of {', '.join(BROWSERS)} is installed")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses its sandbox to root
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=sandbox)
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_page_is_quiet_readable_and_fetches_nothing(site, browser, scheme):
    context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
    heard, asked = [], Counter()
    context.on("console", lambda message: heard.append(message.text))
    context.on("weberror", lambda error: heard.append(str(error.error)))
    context.on("requestfailed", lambda request: heard.append(f"{request.url}: {request.failure}"))
    context.on("request", lambda request: asked.update([request.url.partition(":")[0]]))
    page = context.new_page()
    for name, file in site.items():
        page.goto(file.as_uri())
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, colour.strip("rgb()").split(","))) > 600) == (scheme == "light"), (name, colour)
        assert page.evaluate("[...document.images].every(image => image.naturalWidth > 0)"), name
        violations = Axe().run(page, options=AXE).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == [], name
    assert heard == []
    assert set(asked) == {"file"} and asked["file"] > 2 * len(site)
    context.close()


def test_no_page_is_wider_than_a_narrow_screen(site, browser):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    for name, file in site.items():
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") == 360, name
    page.close()


def test_the_keyboard_reaches_a_run_from_the_index(site, browser):
    page = browser.new_page()
    page.goto(site["index"].as_uri())
    page.keyboard.press("Tab")
    assert focused(page)[:2] == ("Skip to content", True)
    for target in ("ecs-bad-migration", "2026-"):
        for _ in range(30):
            page.keyboard.press("Tab")
            text, visible, link = focused(page)
            assert visible, text
            if link and text.startswith(target):
                break
        else:
            pytest.fail(f"no link {target!r} within 30 tab stops")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    assert "/runs/" in page.url
    page.close()


def focused(page):
    """Text of what has the focus, whether that shows, whether it is a link."""
    text, width, box, link = page.evaluate(
        """() => {
            const element = document.activeElement, box = element.getBoundingClientRect()
            return [element.innerText ?? "", getComputedStyle(element).outlineWidth, box.left >= 0 && box.width > 0,
                    element.tagName === "A"]
        }"""
    )
    return text, width != "0px" and box, link

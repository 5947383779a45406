"""A real Chromium as a visitor who comes back: builds of the storefront, served from a folder that is swapped."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from drills.browser import PROGRAMS, Browser
from drills.browser_visits import BrowserCheck, Visit
from drills.front import Front
from drills.node_tools import node_folder
from harness.errors import EnvironmentProblem
from harness.limits import wait_until
from harness.model import Outcome, ResidueClass
from harness.process import RUN_MARKER
from harness.spi import Scope
from tests.live.local import LocalSite, bench_of, local_run

FOLDER = Path(__file__).parents[2] / "drills" / "workloads" / "storefront"
PNG = b"\x89PNG\r\n\x1a\n"
V1 = Scope({"target": {"version": "v1"}})
REVALIDATE = {"Cache-Control": "public, max-age=0, must-revalidate"}
YEAR = {"Cache-Control": "public, max-age=31536000"}
SHOWS = {"selector": "#release", "text": "{{ target.version }}"}


@pytest.fixture(scope="module", autouse=True)
def chromium():
    if not any(map(shutil.which, PROGRAMS)):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"none of {', '.join(PROGRAMS)} is installed")


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """Folder of a release of the storefront, built with options."""
    packages, made = node_folder(FOLDER / "package-lock.json"), {}

    def call(*options):
        if options not in made:
            made[options] = tmp_path_factory.mktemp("dist")
            subprocess.run(
                [FOLDER / "build.mjs", "--out", made[options], "--release", *options],
                env={"PATH": os.environ["PATH"], "NODE_PATH": str(packages / "node_modules")},
                check=True,
                capture_output=True,
                timeout=60,
            )
        return made[options]

    return call


@pytest.fixture
def run(tmp_path):
    with local_run(tmp_path) as made:
        yield made


@pytest.fixture
def site():
    served = LocalSite()
    yield served
    served.close()


@pytest.fixture
def bench(run, site):
    return bench_of(run, site, browser=Browser().start("browser", run))


def visit(bench, **options):
    outcome = Visit(uses="visit", **options).execute(bench, V1)
    assert outcome.ok, outcome.output
    return outcome


def ask(bench, **options):
    options = {"expect": SHOWS, "timeout": 3, **options}
    return BrowserCheck(uses="browser", **options).ask(bench, V1)


def screens(bench):
    return sorted((bench.run.folder / "screens").iterdir(), key=lambda file: int(file.name.partition("-")[0]))


def test_a_good_page_passes_and_a_screenshot_shows_it(bench, site, builds):
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench, expect={"selector": "#price-coffee", "text": "4.50"})
    result = ask(bench, name="prices / coffee", reload=True, expect={"selector": "#price-coffee", "text": "4.50 €"})
    assert (result.outcome, result.seen) == (Outcome.PASS, "v1: as expected"), result
    assert [file.name for file in screens(bench)] == ["1-visit-visitor.png", "2-prices-coffee.png"]
    assert all(file.read_bytes().startswith(PNG) for file in screens(bench))


def test_a_bad_price_is_seen(bench, site, builds):
    site.folder(builds("v2"), **REVALIDATE)
    visit(bench)
    result = ask(bench, expect={"selector": "#price-coffee", "text": "4.50 €"}, timeout=1)
    assert result.outcome is Outcome.FAIL
    assert "#price-coffee shows '4.50 €' (shows '0.04 €')" in result.seen
    assert result.evidence[-1] == "screenshot: screens/2-browser-tab-visitor.png"


def test_looks_that_see_the_same_share_a_screenshot(bench, site, builds):
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench)
    for _ in range(3):
        ask(bench, name="same")
    assert [file.name for file in screens(bench)] == ["1-visit-visitor.png", "2-same.png"]


def test_an_open_tab_whose_order_form_is_gone_says_so(bench, site, builds):
    site.folder(builds("v2"), **REVALIDATE)
    visit(bench)
    site.folder(builds("v1"), **REVALIDATE)
    result = ask(bench, click="#order", expect={"selector": "#order-form"}, timeout=2)
    assert (result.outcome, result.seen.partition(":")[0]) == (Outcome.FAIL, "v2")
    assert any(line.startswith("script ") and line.endswith("→ 404") for line in result.evidence), result.evidence
    assert any("Failed to fetch dynamically imported module" in line for line in result.evidence), result.evidence
    assert ask(bench, reload=True, click="#order", expect={"selector": "#order-form"}).outcome is Outcome.PASS


def test_a_page_that_loads_itself_again_recovers_by_itself(bench, site, builds):
    site.folder(builds("v2", "--reload"), **REVALIDATE)
    visit(bench)
    site.folder(builds("v1", "--reload"), **REVALIDATE)
    result = ask(bench, click="#order", expect={"selector": "#order-form", "text": "v1"})
    assert (result.outcome, result.seen) == (Outcome.PASS, "v1: as expected"), result


def test_a_page_in_place_of_a_script_is_named(bench, site, builds):
    site.folder(builds("v1"), **REVALIDATE)
    [script] = [path for path in site.pages if path.startswith("/assets/main") and path.endswith(".js")]
    site.pages[script] = site.pages["/"]
    visit(bench)
    result = ask(bench, reload=True, timeout=1)
    assert result.outcome is Outcome.FAIL
    assert any(line == f"script {site.url}{script} → text/html" for line in result.evidence), result.evidence
    assert any("MIME type" in line for line in result.evidence), result.evidence


def test_a_blank_page_fails_though_what_is_expected_can_be_seen(bench, site):
    site.serve("/", "text/html", "<h1>shop</h1><script>throw new Error('no prices')</script>")
    visit(bench)
    result = ask(bench, reload=True, expect={"selector": "h1"})
    assert (result.outcome, result.evidence[0]) == (Outcome.FAIL, "page error: no prices")


@pytest.mark.parametrize(("restored", "recovers"), [("v1", False), ("v1-noop-worker", True)])
def test_a_service_worker_keeps_the_old_shell_unless_another_takes_its_place(bench, site, builds, restored, recovers):
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench)
    assert bench.services["browser"].snapshot() == {"visitors' browsers": {}}
    site.folder(builds("v2-worker"), **REVALIDATE)
    visit(bench)
    installed = {"service worker /": "/sw.js, caches: shop-v2"}
    assert bench.services["browser"].snapshot() == {"visitors' browsers": installed}
    site.folder(builds(restored), **REVALIDATE)
    result = ask(bench, reload=True)
    assert (result.outcome is Outcome.PASS, result.seen.partition(":")[0]) == (recovers, "v1" if recovers else "v2")
    residue = bench.services["browser"].snapshot()["visitors' browsers"]
    assert residue == ({"service worker /": "/sw.js, caches: none"} if recovers else installed)
    classes = {
        bench.services["browser"].classify("visitors' browsers", key, "", value) for key, value in residue.items()
    }
    assert classes == {ResidueClass.HARMLESS if recovers else ResidueClass.BREAKS_OLD_RELEASE}


@pytest.mark.parametrize(("lifetime", "version"), [(YEAR, "v2"), (REVALIDATE, "v1")])
def test_a_page_with_a_lifetime_comes_from_the_browsers_own_cache(bench, site, builds, lifetime, version):
    """By a visit, not a reload: a reload asks the host again whatever the lifetime is."""
    site.folder(builds("v2"), **lifetime)
    visit(bench)
    site.folder(builds("v1"), **lifetime)
    assert f"visitor: {version}" in visit(bench).output
    assert ask(bench).seen.partition(":")[0] == version


def test_tabs_are_visitors_of_their_own_pages(bench, site, builds):
    site.folder(builds("v2"), **REVALIDATE)
    visit(bench, tab="old")
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench, tab="new")
    assert [ask(bench, tab=tab, timeout=1).seen.partition(":")[0] for tab in ("old", "new")] == ["v2", "v1"]


def test_a_tab_that_nobody_opened_is_unknown(bench, site):
    result = ask(bench, tab="nobody")
    assert (result.outcome, result.seen) == (Outcome.UNKNOWN, "no version: no tab 'nobody' was opened so far")


def test_a_host_that_does_not_answer_fails_the_visit_and_the_check(bench, site, builds):
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench)
    site.close()
    outcome = Visit(uses="visit", timeout=5).execute(bench, V1)
    assert not outcome.ok and "net::ERR_CONNECTION_REFUSED" in outcome.output
    assert ask(bench, reload=True).outcome is Outcome.FAIL


def test_the_browser_reaches_nothing_but_the_stack(bench, site):
    other = LocalSite("127.0.0.2")
    other.serve("/a.js", "text/javascript", "1")
    site.serve("/", "text/html", f"<h1>shop</h1><script src='{other.url}/a.js'></script>")
    visit(bench)
    result = ask(bench, reload=True, expect={"selector": "h1"})
    other.close()
    assert (other.asked, result.outcome) == ([], Outcome.FAIL), result
    assert result.evidence[0] == f"script {other.url}/a.js → net::ERR_NAME_NOT_RESOLVED"


def test_a_service_worker_is_allowed_at_the_address_of_a_container(run, site, builds):
    site.folder(builds("v2-worker"), **REVALIDATE)
    run.services["host"] = site
    front = Front(upstream="host").start("front", run)
    bench = bench_of(run, front, browser=Browser().start("browser", run))
    visit(bench)
    assert set(bench.services["browser"].snapshot()["visitors' browsers"]) == {"service worker /"}
    assert ask(bench, reload=True, expect={"selector": "#release", "text": "v2"}).outcome is Outcome.PASS


def test_a_browser_that_died_is_unknown_not_a_failure(bench, site, builds):
    site.folder(builds("v1"), **REVALIDATE)
    visit(bench)
    [worker] = [each for each in psutil.Process().children() if "drills.browser_worker" in each.cmdline()]
    worker.send_signal(signal.SIGKILL)
    result = ask(bench)
    assert (result.outcome, "the browser is gone" in result.seen) == (Outcome.UNKNOWN, True), result


KILLED = """
import os, signal
from pathlib import Path
from drills.browser import Browser
from drills.browser_visits import Visit
from tests.live.local import LocalSite, bench_of, local_run
site = LocalSite()
site.serve("/", "text/html", "<h1>shop</h1>")
with local_run(Path({folder!r})) as run:
    bench = bench_of(run, site, browser=Browser().start("browser", run))
    print(Visit(uses="visit").execute(bench, None or __import__("harness.spi").spi.Scope({{}})).ok, run.id, flush=True)
    signal.pause()
"""


def test_kill_9_leaves_no_browser_and_every_process_of_it_carries_the_runs_marker(tmp_path):
    code = KILLED.format(folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        ok, run = process.stdout.readline().split()
        assert ok == "True"
        below = psutil.Process(process.pid).children(recursive=True)
        marked = {each.pid for each in below if marker(each) == run}
        names = {each.name().partition("-")[0] for each in below if each.pid in marked}
        process.kill()
        _, alive = psutil.wait_procs(below, timeout=30)
    assert {"chromium", "node", "python"} <= names, names
    assert alive == []


def marker(process):
    try:
        return process.environ().get(RUN_MARKER)
    except psutil.Error:
        return None


def test_a_missing_playwright_is_told_with_what_to_do(run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(EnvironmentProblem) as raised:
        Browser().start("browser", run)
    assert raised.value.next_step.startswith("pip install 'drill[browser]'")


def test_a_missing_chromium_is_a_need_that_preflight_names(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    [need] = Browser().needs()
    assert (need.kind, need.name) == ("tool", "chromium")


def test_a_chromium_that_does_not_start_is_told_with_its_log(run, site, monkeypatch, tmp_path):
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("drills.browser._program", lambda: str(broken))
    bench = bench_of(run, site, browser=Browser().start("browser", run))
    with pytest.raises(EnvironmentProblem, match=r"did not start") as raised:
        Visit(uses="visit").execute(bench, V1)
    assert "browser.log" in raised.value.next_step
    assert wait_until(lambda: (run.folder / "logs" / "browser.log").stat().st_size or None, 5)

"""A real nginx with a proxy cache, in a container on a run's internal network, before a site on 127.0.0.1."""

import os
import subprocess
from pathlib import Path

import pytest
import requests

from drills.front import Front
from harness.errors import UsageProblem
from harness.events import StackFact
from harness.limits import wait_until
from harness.model import ResidueClass
from harness.timeline import read_timeline
from tests.live.local import LocalSite, local_run

PURGE = Path(__file__).parents[2] / "drills" / "workloads" / "storefront" / "purge.py"
HTML = "text/html"
YEAR = "public, max-age=31536000"


def page(version):
    return f'<html data-version="{version}">'


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    with local_run(tmp_path_factory.mktemp("front")) as made:
        yield made


@pytest.fixture(scope="module")
def shared(run):
    """One front that keeps what is missing, and the site behind it."""
    site = LocalSite()
    run.services["host"] = site
    front = Front(upstream="host", cache_missing=60).start("front", run)
    yield front, site
    site.close()


@pytest.fixture
def front(shared):
    running, site = shared
    ask("PURGE", running.desk + "/*")
    site.pages.clear()
    site.asked.clear()
    return running


@pytest.fixture
def site(shared, front):
    return shared[1]


def ask(method, url, **headers):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=5, allow_redirects=False)


def get(front, path, **headers):
    """Status, text and what the cache did."""
    answer = ask("GET", front.url + path, **headers)
    return answer.status_code, answer.text, answer.headers.get("X-Cache")


def test_html_with_a_lifetime_outlives_the_swap_until_it_is_purged(front, site):
    site.serve("/", HTML, page("v2"), YEAR)
    assert get(front, "/") == (200, page("v2"), "MISS")
    site.serve("/", HTML, page("v1"), YEAR)
    assert get(front, "/") == (200, page("v2"), "HIT")
    assert ask("PURGE", front.environment()["FRONT_PURGE_URL"] + "/").json() == {"purged": 1}
    assert get(front, "/") == (200, page("v1"), "MISS")
    assert get(front, "/") == (200, page("v1"), "HIT")


def test_html_that_has_to_be_revalidated_is_never_stale(front, site):
    for version in ("v2", "v1"):
        site.serve("/", HTML, page(version), "public, max-age=0, must-revalidate")
        assert get(front, "/")[:2] == (200, page(version))
    assert site.asked == ["/", "/"]


def test_a_lifetime_that_ends_is_over(front, site):
    site.serve("/", HTML, page("v2"), "max-age=1")
    get(front, "/")
    site.serve("/", HTML, page("v1"), "max-age=1")
    assert wait_until(lambda: get(front, "/")[1] == page("v1") or None, 10)


def test_hashed_assets_of_the_release_before_are_there_as_long_as_somebody_had_asked_for_them(front, site):
    for name in ("asked", "unasked"):
        site.serve(f"/assets/{name}.js", "text/javascript", "/* version: v2 */", YEAR)
    get(front, "/assets/asked.js")
    site.pages.clear()
    assert get(front, "/assets/asked.js") == (200, "/* version: v2 */", "HIT")
    assert get(front, "/assets/unasked.js")[0] == 404


@pytest.mark.parametrize(("status", "headers"), [(404, {}), (301, {"Location": "/elsewhere"})])
def test_what_was_missing_or_moved_stays_so_until_it_is_purged(front, site, status, headers):
    site.serve("/assets/a.js", HTML, "", status=status, **headers)
    assert get(front, "/assets/a.js")[0] == status
    site.serve("/assets/a.js", "text/javascript", "/* version: v1 */", YEAR)
    assert get(front, "/assets/a.js")[0::2] == (status, "HIT")
    ask("PURGE", front.desk + "/assets/*")
    assert get(front, "/assets/a.js") == (200, "/* version: v1 */", "MISS")


def test_nothing_is_kept_that_nobody_gave_a_lifetime(run, site):
    run.services["host"] = site
    strict = Front(upstream="host").start("strict", run)
    for status in (404, 200):
        site.serve("/a", HTML, "", status=status)
        assert get(strict, "/a")[0] == status
    site.serve("/a", HTML, page("v1"))
    assert get(strict, "/a")[1] == page("v1")
    assert strict.snapshot() == {"cache": {}}


def test_a_purge_takes_what_it_names_and_no_more(front, site):
    for path in ("/", "/index.html", "/assets/a.js", "/assets/b.js?x=1"):
        site.serve(path, HTML, page("v1"), YEAR)
        get(front, path)
    assert ask("PURGE", front.desk + "/nowhere").json() == {"purged": 0}
    assert ask("PURGE", front.desk + "/assets/*").json() == {"purged": 2}
    assert set(front.snapshot()["cache"]) == {"/", "/index.html"}
    assert ask("PURGE", front.desk + "/*").json() == {"purged": 2}
    assert front.snapshot() == {"cache": {}}


def test_the_teams_script_purges_paths(front, site):
    for path in ("/", "/assets/a.js", "/prices.json"):
        site.serve(path, HTML, page("v1"), YEAR)
        get(front, path)
    environment = {"PATH": os.environ["PATH"], **front.environment()}
    done = subprocess.run([PURGE, "/", "/assets/*"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "/: 1 purged\n/assets/*: 1 purged\n"
    assert set(front.snapshot()["cache"]) == {"/prices.json"}
    assert subprocess.run([PURGE], env=environment, capture_output=True, check=False).returncode == 1


def test_the_snapshot_shows_what_is_stale(front, site):
    site.serve("/", HTML, page("v2"), YEAR)
    site.serve("/short", HTML, page("v2"), "max-age=1")
    for path in ("/", "/short", "/gone"):
        get(front, path)
    assert wait_until(lambda: "/short" not in front.snapshot()["cache"] or None, 10)
    assert front.snapshot() == {"cache": {"/": "200 v2", "/gone": "404"}}
    [kept] = [each for each in ask("GET", front.desk + "/objects").json() if each["path"] == "/"]
    assert 1 <= kept["age"] <= 60 and kept["age"] + kept["left"] == 31536000
    stale = [("200 v1", "200 v2"), ("", "404")]
    fine = [("", "200 v1"), ("200 v1", "")]
    assert {front.classify("cache", "/", *each) for each in stale} == {ResidueClass.BREAKS_OLD_RELEASE}
    assert {front.classify("cache", "/", *each) for each in fine} == {ResidueClass.HARMLESS}


def test_the_access_log_tells_a_request_by_its_id(front, site):
    site.serve("/", HTML, page("v1"), YEAR)
    for _ in range(2):
        get(front, "/", **{"X-Request-Id": "smoke-17"})
    lines = wait_until(lambda: found if len(found := front.logs("smoke-17")) == 2 else None, 10)
    assert [line.partition('"cache":')[2].split(",")[0] for line in lines] == ['"MISS"', '"HIT"']


def test_a_site_that_does_not_answer_is_an_error_that_is_not_kept(run, shared):
    other = LocalSite()
    run.services["other"] = other
    running = Front(upstream="other", cache_missing=60).start("other", run)
    other.close()
    assert get(running, "/")[0] == 502
    assert running.snapshot() == {"cache": {}}


def test_the_report_says_that_the_cdn_is_a_stand_in(run, front):
    facts = [each for each in read_timeline(run.folder / "timeline.jsonl") if isinstance(each, StackFact)]
    assert any((each.name, each.simulated) == ("CDN", True) and "host" in each.value for each in facts), facts


def test_what_serves_no_site_is_refused(run):
    run.services["queue"] = object()
    with pytest.raises(UsageProblem, match="'queue' serves no site"):
        Front(upstream="queue").start("refused", run)


def test_the_cache_has_no_way_out_of_the_runs_network(front):
    code, said = front.container.handle.exec_run(
        ["python3", "-c", "import socket; socket.create_connection(('192.0.2.1', 80), timeout=3)"]
    )
    assert code != 0 and b"unreachable" in said

"""`_headers` and `_redirects`, as Netlify and Cloudflare Pages read them."""

import asyncio

import pytest

from drills.static.cloudflare import redirects
from drills.static.netlify_files import settings_of
from drills.static.serving import Rewrite, Settings, parse_headers_file, parse_redirects_file, serve
from drills.static.store import Blobs, Deployment

FILES = {"/index.html": "home", "/old.html": "old", "/a[1].html": "odd", "/404.html": "lost"}


@pytest.fixture
def site(tmp_path):
    blobs = Blobs(tmp_path)
    return Deployment(
        "d1", production=True, files={path: asyncio.run(blobs.add(t.encode())) for path, t in FILES.items()}
    )


def rewriting(text):
    return Settings(rewrites=parse_redirects_file(text))


@pytest.mark.parametrize(
    ("rule", "path", "to"),
    [
        ("/blog/* /news/:splat", "/blog/2024/may", "/news/2024/may"),
        ("/u/:id /users/:id/page", "/u/7", "/users/7/page"),
        ("/u/:id /users/:id", "/u/7/more", None),
        ("/a? /b", "/ab", None),
        ("/*/x/* /y/:splat", "/1/x/2/x/3", "/y/1"),
        ("/:a-:b.html /:b/:a", "/1-2.html", "/2/1"),
        ("/blog/* /news/:splat", "/blog/", "/news/"),
        ("/moved /über", "/moved", "/%C3%BCber"),
        ("/moved /a%20b?x=1#top", "/moved", "/a%20b?x=1#top"),
    ],
)
def test_a_redirect_fills_in_what_its_pattern_found(site, rule, path, to):
    served = serve(site, rewriting(rule), path)
    assert (served.status, served.headers.get("Location")) == ((301, to) if to else (404, None))


def test_no_path_makes_the_search_long(site):
    assert serve(site, rewriting("/" + "*a" * 20 + "b /x"), "/" + "a" * 3000).status == 404


@pytest.mark.parametrize("status", ["0", "99", "999", "1e3", "-1"])
def test_a_line_with_a_status_that_is_none_is_left_out(status):
    assert parse_redirects_file(f"/x /y {status}") == []


def test_cloudflare_redirects_before_it_looks_for_a_file_and_netlify_only_when_forced(site):
    assert serve(site, Settings(rewrites=redirects("/old.html /new")), "/old.html").status == 302
    assert serve(site, rewriting("/old.html /new"), "/old.html").status == 200
    assert serve(site, rewriting("/old.html /new 301!"), "/old.html").status == 301


def test_cloudflare_leaves_out_what_its_own_client_warns_of():
    text = "/* /index.html 200\n/ /index\n/a /b 404\n/a /b\n/a /c\n/x /y 308\n"
    assert redirects(text) == [Rewrite("/a", "/b", 302, force=True), Rewrite("/x", "/y", 308, force=True)]


def headers(site, text, path="/", **more):
    return serve(site, Settings(parse_headers_file(text), **more), path).headers


def test_a_header_is_one_header_however_it_is_written(site):
    found = headers(site, "/*\n  cache-control: no-store\n")
    assert {name: value for name, value in found.items() if name.lower() == "cache-control"} == {
        "Cache-Control": "no-store"
    }


def test_headers_of_two_rules_are_joined_where_the_host_joins_them(site):
    text = "/*\n  X-A: 1\n/index.html\n  X-A: 2\n"
    assert headers(site, text, "/index.html")["X-A"] == "2"
    assert headers(site, text, "/index.html", joined=True)["X-A"] == "1, 2"


def test_a_header_can_be_taken_off_where_the_host_joins_them(site):
    text = "/*\n  X-A: 1\n  Cache-Control: no-store\n/index.html\n  ! X-A\n"
    assert "X-A" not in headers(site, text, "/index.html", joined=True)
    assert headers(site, text, "/old.html", joined=True)["X-A"] == "1"


def test_a_joined_header_takes_the_place_of_the_hosts_own(site):
    assert headers(site, "/*\n  Cache-Control: no-store\n", joined=True)["Cache-Control"] == "no-store"


def test_a_header_that_cannot_be_sent_leaves_the_one_before(site):
    assert headers(site, "/*\n  X-A: 1\n/index.html\n  X-A: a\x00b\n", "/index.html")["X-A"] == "1"


def test_brackets_in_a_path_are_brackets(site):
    assert headers(site, "/a[1].html\n  X-A: 1\n", "/a[1].html")["X-A"] == "1"


@pytest.mark.parametrize("line", ["Content-Length: 5", "transfer-encoding: chunked", "X a: 1", "X-A: a\x00b", ": 1"])
def test_what_no_site_may_send_is_left_out(site, line):
    assert set(headers(site, f"/*\n  {line}\n")) == set(headers(site, ""))


def test_a_header_outside_of_latin_1_goes_out_as_the_bytes_of_the_file(site):
    assert headers(site, "/*\n  X-A: →\n")["X-A"].encode("latin-1").decode() == "→"


def said_to_netlify(blobs, **files):
    stored = {f"/{name}": asyncio.run(blobs.add(text.encode())) for name, text in files.items()}
    return settings_of(Deployment("d1", production=True, files=stored))


TOML = """
[[headers]]
for = "/*"
  [headers.values]
  X-A = "1"
  X-B = ["1", "2"]
[[redirects]]
from = "/a"
to = "/b"
  [redirects.query]
[[redirects]]
from = "/c"
to = "/d"
status = 302
force = true
[[redirects]]
from = "/e"
to = "/f"
conditions = {Country = ["FR"]}
"""


def test_netlify_reads_the_configuration_that_its_client_sends(tmp_path):
    found = said_to_netlify(Blobs(tmp_path), **{"netlify.toml": TOML})
    assert found.headers == [("/*", {"X-A": "1", "X-B": "1, 2"})]
    assert found.rewrites == [Rewrite("/a", "/b", 301), Rewrite("/c", "/d", 302, force=True)]


def test_netlify_reads_the_files_of_a_client_that_sends_them(tmp_path):
    found = said_to_netlify(Blobs(tmp_path), _headers="/*\n  X-A: 1\n", _redirects="/a /b\n")
    assert (found.headers, found.rewrites) == ([("/*", {"X-A": "1"})], [Rewrite("/a", "/b", 301)])


@pytest.mark.parametrize(
    "text",
    ["[[", "redirects = 1", "[[headers]]\nfor = 1", "a = " + "[" * 5000, '[[redirects]]\nfrom="/a"\nto="/b"\nstatus=7'],
)
def test_a_configuration_that_cannot_be_read_says_nothing(tmp_path, text):
    assert said_to_netlify(Blobs(tmp_path), **{"netlify.toml": text}) == Settings([], [])

import asyncio
from importlib import import_module
from pathlib import Path

import pytest

from drills.static.server import VENDORS
from drills.static.serving import REVALIDATE, Rewrite, Settings, parse_headers_file, parse_redirects_file, serve
from drills.static.store import BadPath, Blobs, Deployment, Site, TooLarge, clean_path


@pytest.fixture
def blobs(tmp_path):
    return Blobs(tmp_path)


def deployed(blobs, files, **more):
    stored = {path: asyncio.run(blobs.add(text.encode())) for path, text in files.items()}
    return Deployment("d1", production=True, files=stored, **more)


async def _chunks(*parts):
    for part in parts:
        yield part


def test_content_is_stored_once_and_known_by_each_of_its_digests(blobs, tmp_path):
    one, two = asyncio.run(blobs.add(b"page")), asyncio.run(blobs.add(b"page"))
    blobs.name(one, "the vendor's hash")
    assert one == two == blobs.get("the vendor's hash") == blobs.get(one.sha1) == blobs.get(one.sha256)
    assert [each.name for each in tmp_path.iterdir()] == [one.sha256]


def test_an_upload_that_is_too_large_leaves_nothing(blobs, tmp_path):
    with pytest.raises(TooLarge):
        asyncio.run(blobs.receive(_chunks(b"12345", b"67890"), largest=9))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["../x", "/..", "a//b", "a/./b", "", "/", "a\\..\\b", "a\0b"])
def test_no_file_name_leads_out_of_a_deployment(name):
    with pytest.raises(BadPath):
        clean_path(name)


def test_a_file_name_gets_its_slash():
    assert clean_path("assets/app.js") == clean_path("/assets/app.js") == "/assets/app.js"


def test_production_shows_what_was_published_last_and_only_after_the_hosts_delay(blobs):
    site = Site("shop", day=1, alias_delay=3600)
    first, second = Deployment("d1", production=True), Deployment("d2", production=True)
    site.add(first)
    site.add(second)
    site.publish(first)
    assert site.live() is first
    site.publish(second)
    assert (site.published, site.settled, site.live()) == ("d2", False, first)


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 200, "home"),
        ("/about", 200, "about"),
        ("/docs", 200, "docs"),
        ("/app.js", 200, "script"),
        ("/missing.js", 404, "lost"),
    ],
)
def test_which_file_answers_a_path(blobs, path, status, body):
    files = {
        "/index.html": "home",
        "/about.html": "about",
        "/docs/index.html": "docs",
        "/app.js": "script",
        "/404.html": "lost",
    }
    served = serve(deployed(blobs, files), Settings(), path)
    assert (served.status, served.blob.path.read_text()) == (status, body)


def test_a_fallback_answers_a_missing_script_with_a_page(blobs):
    served = serve(
        deployed(blobs, {"/index.html": "home"}), Settings(rewrites=[Rewrite("/*", "/index.html", 200)]), "/x.js"
    )
    assert (served.status, served.headers["Content-Type"]) == (200, "text/html; charset=utf-8")


def test_files_are_revalidated_unless_the_site_says_otherwise(blobs):
    settings = Settings(headers=parse_headers_file("/assets/*\n  Cache-Control: max-age=31536000, immutable\n"))
    site = deployed(blobs, {"/index.html": "home", "/assets/a.js": "script"})
    assert serve(site, settings, "/").headers["Cache-Control"] == REVALIDATE
    assert serve(site, settings, "/assets/a.js").headers["Cache-Control"] == "max-age=31536000, immutable"


def test_redirects_as_the_team_wrote_them():
    text = "# moved\n/old /new\n/app/* /index.html 200\n/x /y 302! # now\nnonsense\n"
    assert parse_redirects_file(text) == [
        Rewrite("/old", "/new", 301),
        Rewrite("/app/*", "/index.html", 200),
        Rewrite("/x", "/y", 302, force=True),
    ]


def test_the_page_about_static_hosts_has_every_rule_with_its_source():
    page = (Path(__file__).parents[3] / "docs" / "static-hosts.md").read_text()
    for where in VENDORS.values():
        module, _, name = where.partition(":")
        for rule in getattr(import_module(module), name).rules:
            (row,) = [line for line in page.splitlines() if f"`{rule.name}`" in line]
            assert rule.says in row
            assert rule.source in row

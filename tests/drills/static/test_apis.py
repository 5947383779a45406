"""The vendors' APIs without their clients: hostile requests, and a fuzzer over each."""

import hashlib
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from starlette.testclient import TestClient

from drills.static import server
from drills.static.server import VENDORS, build
from drills.static.vendor import StandInConfig

TOKEN = "a-token"
KNOWN = {"Authorization": f"Bearer {TOKEN}"}
PAGE = b'<html data-version="v1">'
SHA1 = hashlib.sha1(PAGE, usedforsecurity=False).hexdigest()


def stand_in(vendor, folder, **more):
    config = StandInConfig(vendor=vendor, site="shop", token=TOKEN, api_port=1, site_port=2, root=folder, **more)
    folder.mkdir(exist_ok=True)
    return build(config)


@pytest.fixture
def api(request, tmp_path):
    """A client of the API of the vendor that the test is parametrised with, and what it serves."""
    app, sites = stand_in(request.param, tmp_path / "host")
    with TestClient(app, headers=KNOWN) as client:
        client.site = TestClient(sites)
        yield client


def on(*vendors):
    return pytest.mark.parametrize("api", vendors, indirect=True)


FIRST = {
    "vercel": ("GET", "/v2/user"),
    "netlify": ("GET", "/api/v1/accounts"),
    "cloudflare-pages": ("GET", "/client/v4/user"),
    "github-pages": ("GET", "/repos/drill/shop/pages"),
}


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    "said", [{}, {"Authorization": ""}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}]
)
def test_nobody_gets_in_without_the_token(vendor, said, tmp_path):
    app, _ = stand_in(vendor, tmp_path / "host")
    answer = TestClient(app).request(*FIRST[vendor], headers=said)
    assert answer.status_code in (401, 403)
    assert TestClient(app).request(*FIRST[vendor], headers=KNOWN).status_code == 200


@on("vercel")
def test_vercel_asks_for_missing_files_and_serves_what_it_got(api):
    wanted = {"name": "shop", "target": "production", "files": [{"file": "index.html", "sha": SHA1, "size": len(PAGE)}]}
    missing = api.post("/v13/deployments", json=wanted)
    assert (missing.status_code, missing.json()["error"]["missing"]) == (400, [SHA1])
    assert api.post("/v2/files", content=PAGE, headers={"x-now-digest": SHA1}).status_code == 200
    assert api.post("/v13/deployments", json=wanted).json()["readyState"] == "READY"
    assert api.site.get("/").content == PAGE


@on("vercel")
def test_vercel_refuses_content_that_is_not_what_was_announced(api):
    answer = api.post("/v2/files", content=b"other", headers={"x-now-digest": SHA1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


TRAVERSAL = ["../../etc/passwd", "a/../../b", "/..", "a\\..\\b", "", "a//b"]


@on("vercel")
@pytest.mark.parametrize("name", TRAVERSAL)
def test_vercel_takes_no_file_name_that_leads_out(api, name):
    answer = api.post("/v13/deployments", json={"name": "shop", "files": [{"file": name, "data": "x"}]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")


@on("netlify")
@pytest.mark.parametrize("name", TRAVERSAL)
def test_netlify_takes_no_file_name_that_leads_out(api, name):
    answer = api.post("/api/v1/sites/shop/deploys", json={"files": {name: SHA1}})
    assert (answer.status_code, answer.json()["code"]) == (422, 422)


@on("cloudflare-pages")
@pytest.mark.parametrize("name", TRAVERSAL)
def test_cloudflare_takes_no_file_name_that_leads_out(api, name):
    url = "/client/v4/accounts/drill/pages/projects/shop/deployments"
    answer = api.post(url, files={"manifest": (None, json.dumps({name: "key"}))})
    assert (answer.status_code, answer.json()["success"]) == (400, False)


@on("cloudflare-pages")
def test_cloudflare_names_a_missing_file_that_is_no_text(api):
    url = "/client/v4/accounts/drill/pages/projects/shop/deployments"
    answer = api.post(url, files={"manifest": (None, '{"\\ud800": "key"}')})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 8000096)


@on(*VENDORS)
@pytest.mark.parametrize("path", ["/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])
def test_a_visitor_gets_nothing_but_the_site(api, path):
    assert api.site.get(path).status_code == 404


@on("netlify")
def test_netlify_publishes_once_every_file_is_there_and_right(api):
    made = api.post("/api/v1/sites/shop/deploys", json={"files": {"/index.html": SHA1, "/copy.html": SHA1}}).json()
    assert (made["state"], made["required"]) == ("uploading", [SHA1])
    url = f"/api/v1/deploys/{made['id']}/files/index.html"
    assert api.put(url, content=b"other").status_code == 422
    assert api.site.get("/").status_code == 404
    assert api.put(url, content=PAGE).json()["state"] == "ready"
    assert api.site.get("/copy").content == PAGE
    assert api.put(f"/api/v1/sites/shop/deploys/{made['id']}", json={"files": {}}).status_code == 422


LARGE = {
    "vercel": ("POST", "/v2/files"),
    "netlify": ("POST", "/api/v1/sites/shop/deploys"),
    "cloudflare-pages": ("POST", "/client/v4/accounts/drill/pages/projects/shop/deployments"),
    "github-pages": ("POST", "/_actions/artifacts?title=v1"),
}


@pytest.mark.parametrize("vendor", VENDORS)
def test_an_upload_without_end_is_refused_and_leaves_nothing(vendor, tmp_path, monkeypatch):
    for limit in ("LARGEST_BODY", "LARGEST_WORDS"):
        monkeypatch.setattr(server, limit, 1000)
    app, _ = stand_in(vendor, tmp_path / "host")
    method, path = LARGE[vendor]
    sent = 0

    def endless():
        nonlocal sent
        while sent < 1_000_000:
            sent += 100
            yield b"x" * 100

    kind = "multipart/form-data; boundary=b" if vendor == "cloudflare-pages" else "application/json"
    answer = TestClient(app).request(method, path, content=endless(), headers={**KNOWN, "Content-Type": kind})
    assert answer.status_code == 413
    assert not list((tmp_path / "host" / "blobs").iterdir())


@pytest.mark.parametrize("vendor", VENDORS)
def test_no_request_that_a_fuzzer_thinks_of_is_an_error_of_the_server(vendor, tmp_path):
    app, _ = stand_in(vendor, tmp_path / "host")
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    tried = 0

    for operation in schema.get_all_operations():
        made = operation.ok().as_strategy()

        @settings(
            max_examples=15,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(made)
        def call(case):
            nonlocal tried
            tried += 1
            case.call_and_validate(headers=KNOWN, checks=[not_a_server_error])

        call()
    assert tried >= 15 * 5

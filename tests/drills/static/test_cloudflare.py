"""Rules of the Cloudflare Pages stand-in, without its clients."""

import base64
import json

import pytest
from starlette.testclient import TestClient

from drills.static import cloudflare
from drills.static.server import build
from drills.static.vendor import StandInConfig
from harness.tap import RULE_HEADER

PROJECT = "/client/v4/accounts/drill/pages/projects/shop"
ASSETS = "/client/v4/pages/assets"


class Host:
    """Its API and its site."""

    def __init__(self, folder):
        folder.mkdir()
        config = StandInConfig(vendor="cloudflare-pages", site="shop", token="t", api_port=1, site_port=2, root=folder)
        app, sites = build(config)
        self.api = TestClient(app, headers={"Authorization": "Bearer t"})
        self.visitor = TestClient(sites)

    def uploading(self):
        jwt = self.api.get(f"{PROJECT}/upload-token").json()["result"]["jwt"]
        return {"Authorization": f"Bearer {jwt}"}

    def upload(self, key, text, **more):
        asset = {"key": key, "value": base64.b64encode(text.encode()).decode(), "base64": True, **more}
        return self.api.post(f"{ASSETS}/upload", json=[asset], headers=self.uploading())

    def deploy(self, text, branch="main", **parts):
        assert self.upload(f"key of {text}", text).status_code == 200
        return self.send({"/index.html": f"key of {text}"}, branch, **parts)

    def send(self, manifest, branch="main", **parts):
        form = {"manifest": manifest if isinstance(manifest, str) else json.dumps(manifest), "branch": branch, **parts}
        return self.api.post(f"{PROJECT}/deployments", files={name: (None, text) for name, text in form.items()})

    def page(self):
        return self.visitor.get("/").text


def rule(answer):
    return answer.headers.get(RULE_HEADER, "").partition(" ")[0]


def code(answer):
    """Status and code of an error, in an envelope that has all its parts."""
    body = answer.json()
    assert (set(body), body["success"], body["result"]) == ({"success", "errors", "messages", "result"}, False, None)
    return answer.status_code, body["errors"][0]["code"]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def test_previews_are_no_targets_and_every_production_deployment_is(host):
    first, second = (host.deploy(text).json()["result"]["id"] for text in ("v1", "v2"))
    preview = host.deploy("v1", branch="review").json()["result"]
    assert (preview["environment"], host.page()) == ("preview", "v2")
    refused = host.api.post(f"{PROJECT}/deployments/{preview['id']}/rollback")
    assert (code(refused)[0], rule(refused), host.page()) == (400, "pages-no-preview-target", "v2")
    for target, page in ((first, "v1"), (second, "v2"), (first, "v1")):
        done = host.api.post(f"{PROJECT}/deployments/{target}/rollback")
        assert (done.status_code, rule(done), host.page()) == (200, "pages-any-production-target", page)


def test_the_next_production_deployment_is_live_and_says_that_this_is_assumed(host):
    first = host.deploy("v1").json()["result"]["id"]
    assert rule(host.deploy("v2")) == ""
    host.api.post(f"{PROJECT}/deployments/{first}/rollback")
    assert rule(host.deploy("v3", branch="review")) == ""
    after = host.deploy("v4")
    assert (rule(after), host.page()) == ("pages-next-deploy-is-live", "v4")
    assert "(assumed:" in after.headers[RULE_HEADER]
    assert rule(host.deploy("v5")) == ""


def test_lists_have_pages_that_end(host):
    host.upload("k", "page")
    for number in range(27):
        assert host.send({"/index.html": "k"}, "main" if number % 9 else "review").status_code == 200
    pages = [host.api.get(f"{PROJECT}/deployments?page={page}").json() for page in (1, 2, 3)]
    assert [len(page["result"]) for page in pages] == [25, 2, 0]
    assert pages[1]["result_info"] == {"page": 2, "per_page": 25, "count": 2, "total_count": 27}
    ids = [each["id"] for page in pages for each in page["result"]]
    assert len(set(ids)) == 27
    production = host.api.get(f"{PROJECT}/deployments?env=production&per_page=25").json()["result"]
    assert len(production) == 24
    assert {each["environment"] for each in production} == {"production"}


def test_a_name_for_other_content_does_not_change_a_deployment(host):
    host.deploy("v1")
    assert host.upload("key of v1", "other").status_code == 200
    assert host.page() == "v1"


def test_what_the_manifest_names_has_to_be_there(host):
    assert code(host.send({"/index.html": "never uploaded"})) == (400, 8000096)
    assert host.api.get(f"{PROJECT}/deployments").json()["result"] == []


@pytest.mark.parametrize("manifest", ["", "{", "[]", "1", '"text"', "null", "[" * 100_000])
def test_a_manifest_that_is_none_is_refused(host, manifest):
    assert code(host.send(manifest)) == (400, 8000096)


def test_an_asset_has_at_most_25_mib_and_is_base64(host, monkeypatch):
    monkeypatch.setattr(cloudflare, "_LARGEST_FILE", 10)
    large = host.upload("k", "more than ten bytes")
    assert (code(large), rule(large)) == ((413, 8000013), "pages-file-size")
    assert code(host.upload("k", "x", value="!!")) == (400, 8000014)
    asked = host.api.post(f"{ASSETS}/check-missing", json={"hashes": ["k"]}, headers=host.uploading())
    assert asked.json()["result"] == ["k"]


def test_assets_are_taken_for_an_upload_token_alone_and_while_it_is_good(host, monkeypatch):
    for said in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer t"}):
        asked = host.api.post(f"{ASSETS}/check-missing", json={"hashes": []}, headers=said)
        assert code(asked) == (403, 8000013)
    token = host.uploading()
    now = cloudflare.time.time() + 301
    monkeypatch.setattr(cloudflare.time, "time", lambda: now)
    assert code(host.api.post(f"{ASSETS}/check-missing", json={"hashes": []}, headers=token)) == (403, 8000013)


@pytest.mark.parametrize(
    ("method", "path", "said"),
    [
        ("GET", "/client/v4/accounts/drill/pages/projects/other", (404, 8000007)),
        ("GET", "/client/v4/accounts/other/pages/projects/shop", (403, 10000)),
        ("GET", f"{PROJECT}/deployments/none", (404, 8000009)),
        ("POST", f"{PROJECT}/deployments/none/rollback", (404, 8000009)),
        ("GET", f"{PROJECT}/deployments?env=staging", (400, 8000000)),
        ("GET", f"{PROJECT}/deployments?page=0", (400, 8000000)),
        ("GET", "/client/v4/nothing", (404, 7003)),
        ("DELETE", PROJECT, (405, 7003)),
    ],
)
def test_refusals_are_in_cloudflares_envelope(host, method, path, said):
    assert code(host.api.request(method, path)) == said

"""Rules of the Netlify stand-in, without its client."""

import hashlib
import time

import pytest
from starlette.testclient import TestClient

from drills.static.server import build
from drills.static.vendor import StandInConfig
from harness.tap import RULE_HEADER

SITE = "/api/v1/sites/shop"


class Host:
    """Its API and its site."""

    def __init__(self, folder, **more):
        folder.mkdir()
        config = StandInConfig(vendor="netlify", site="shop", token="t", api_port=1, site_port=2, root=folder, **more)
        app, sites = build(config)
        self.api = TestClient(app, headers={"Authorization": "Bearer t"})
        self.visitor = TestClient(sites)

    def deploy(self, text, **more):
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        made = self.api.post(f"{SITE}/deploys", json={"files": {"/index.html": digest}, **more}).json()
        if made["state"] == "ready":
            return made, ""
        done = self.api.put(f"/api/v1/deploys/{made['id']}/files/index.html", content=text.encode())
        return done.json(), done.headers.get(RULE_HEADER, "").partition(" ")[0]

    def page(self):
        return self.visitor.get("/").text

    def snapshot(self):
        return self.api.get("/_drill/state").json()


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def test_a_deploy_publishes_itself_and_no_rule_took_part(host):
    assert host.deploy("v1")[1] == ""
    assert host.deploy("v2")[1] == ""
    assert host.page() == "v2"


def test_the_deploy_after_a_restore_says_that_it_was_published_over_it(host):
    (first, _), _ = host.deploy("v1"), host.deploy("v2")
    assert host.api.post(f"{SITE}/deploys/{first['id']}/restore").json()["published_at"]
    assert host.page() == "v1"
    assert (host.deploy("v3")[1], host.page()) == ("netlify-next-deploy-publishes", "v3")
    assert host.deploy("v4")[1] == ""


def test_while_locked_a_production_deploy_is_ready_and_not_published_and_unlocking_does_not_change_that(host):
    first, _ = host.deploy("v1")
    assert host.api.post(f"/api/v1/deploys/{first['id']}/lock").json()["locked"] is True
    assert host.snapshot()["settings"] == {"published deploy": "locked"}
    second, rule = host.deploy("v2")
    assert (second["state"], rule, host.page()) == ("ready", "netlify-locked", "v1")
    assert host.api.post(f"/api/v1/deploys/{first['id']}/unlock").json()["locked"] is False
    assert (host.page(), host.snapshot()["settings"]) == ("v1", {"published deploy": "auto publishing"})
    assert (host.deploy("v3")[1], host.page()) == ("", "v3")


def test_only_the_published_deploy_can_be_locked(host):
    (first, _), _ = host.deploy("v1"), host.deploy("v2")
    assert host.api.post(f"/api/v1/deploys/{first['id']}/lock").status_code == 422
    assert host.snapshot()["settings"] == {"published deploy": "auto publishing"}


def test_a_draft_is_served_by_its_own_name_alone(host):
    host.deploy("v1")
    draft, _ = host.deploy("v2", draft=True)
    assert host.page() == "v1"
    name = draft["deploy_url"].removeprefix("http://")
    assert host.visitor.get("/", headers={"Host": name}).text == "v2"


def test_deploys_older_than_90_days_go_but_for_the_published_and_the_newest(tmp_path, monkeypatch):
    host = Host(tmp_path / "host", day=1.0)
    ids = [host.deploy(text)[0]["id"] for text in ("v1", "v2", "v3")]
    host.api.post(f"{SITE}/deploys/{ids[0]}/restore")
    now = time.time()
    monkeypatch.setattr("drills.static.store.time.time", lambda: now + 89)
    assert [each["id"] for each in host.api.get(f"{SITE}/deploys").json()] == ids[::-1]
    monkeypatch.setattr("drills.static.store.time.time", lambda: now + 91)
    assert [each["id"] for each in host.api.get(f"{SITE}/deploys").json()] == [ids[2], ids[0]]
    gone = host.api.post(f"{SITE}/deploys/{ids[1]}/restore")
    assert (gone.status_code, gone.headers[RULE_HEADER].partition(" ")[0]) == (404, "netlify-deploy-retention")
    never = host.api.post(f"{SITE}/deploys/{'0' * 24}/restore")
    assert (never.status_code, RULE_HEADER in never.headers) == (404, False)
    assert (host.page(), host.snapshot()["deployments"]) == ("v1", {ids[0]: "ready", ids[2]: "ready"})


def test_rollback_takes_what_was_published_before_and_says_that_this_is_assumed(host):
    assert host.api.put(f"{SITE}/rollback").status_code == 404
    host.deploy("v1"), host.deploy("v2")
    done = host.api.put(f"{SITE}/rollback")
    assert (done.status_code, done.content, host.page()) == (204, b"", "v1")
    assert "(assumed:" in done.headers[RULE_HEADER]


def test_a_deploy_that_is_not_whole_can_be_neither_restored_nor_seen(host):
    host.deploy("v1")
    made = host.api.post(f"{SITE}/deploys", json={"files": {"/index.html": "a" * 40}}).json()
    assert host.api.post(f"{SITE}/deploys/{made['id']}/restore").status_code == 422
    assert host.page() == "v1"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/sites/other"),
        ("GET", "/api/v1/sites/other/deploys"),
        ("POST", "/api/v1/sites/other/deploys"),
        ("GET", "/api/v1/deploys/none"),
        ("PUT", "/api/v1/deploys/none/files/index.html"),
        ("PUT", f"{SITE}/deploys/none"),
        ("POST", f"{SITE}/deploys/none/restore"),
        ("POST", "/api/v1/deploys/none/lock"),
        ("POST", "/api/v1/deploys/none/unlock"),
        ("GET", "/api/v1/accounts/other/env"),
        ("GET", "/api/v1/nothing"),
    ],
)
def test_what_is_not_there_is_not_found_in_netlifys_words(host, method, path):
    answer = host.api.request(method, path, json={} if method == "PUT" and path.endswith("none") else None)
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "message": "Not Found"})


@pytest.mark.parametrize(
    "body",
    [
        {"files": []},
        {"files": {"/a": 1}},
        {"files": {"/a": "not a digest"}},
        {"draft": "perhaps"},
        [],
        {"title": "x" * 2000},
    ],
)
def test_a_request_that_makes_no_sense_is_refused_in_netlifys_words(host, body):
    answer = host.api.post(f"{SITE}/deploys", json=body)
    assert (answer.status_code, set(answer.json())) == (422, {"code", "message"})
    assert host.snapshot()["deployments"] == {}


def test_a_file_is_taken_only_where_it_was_announced_and_is_not_too_large(host, monkeypatch):
    made = host.api.post(f"{SITE}/deploys", json={"files": {"/index.html": "a" * 40}}).json()
    other = host.api.put(f"/api/v1/deploys/{made['id']}/files/other.html", content=b"x")
    assert (other.status_code, other.json()["message"]) == (422, "/other.html was not announced")
    outside = host.api.put(f"/api/v1/deploys/{made['id']}/files/..%2f..%2fetc%2fpasswd", content=b"x")
    assert outside.status_code == 422

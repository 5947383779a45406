"""Rules of the Vercel stand-in, without its client."""

import json

import pytest
from starlette.testclient import TestClient

from drills.static.server import build
from drills.static.vendor import StandInConfig
from harness.tap import RULE_HEADER

PROJECT = "/v9/projects/shop"


class Host:
    """Its API and its site."""

    def __init__(self, folder, **more):
        folder.mkdir()
        config = StandInConfig(vendor="vercel", site="shop", token="t", api_port=1, site_port=2, root=folder, **more)
        app, sites = build(config)
        self.api = TestClient(app, headers={"Authorization": "Bearer t"})
        self.visitor = TestClient(sites)

    def deploy(self, text, target="production", besides=(), **more):
        """Id of a new deployment, and the rules that took part."""
        files = [{"file": "index.html", "data": text}, *({"file": name, "data": data} for name, data in besides)]
        done = self.api.post("/v13/deployments", json={"name": "shop", "target": target, "files": files, **more})
        assert done.status_code == 200, done.text
        return done.json()["id"], rules(done)

    def move(self, kind, id_):
        """Status or code of the error, and the rules that took part."""
        done = self.api.post(f"/{'v1' if kind == 'rollback' else 'v10'}/projects/shop/{kind}/{id_}", json={})
        code = done.status_code if done.is_success else (done.status_code, done.json()["error"]["code"])
        return code, rules(done)

    def page(self):
        return self.visitor.get("/").text

    def settings(self):
        return self.api.get("/_drill/state").json()["settings"]


def rules(answer):
    said = answer.headers.get(RULE_HEADER, "")
    return [each.partition(" ")[0].removeprefix("vercel-") for each in said.split(", ") if each]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def test_production_deployments_are_live_until_a_rollback_pins_production_and_a_promotion_ends_that(host):
    (v1, _), (v2, none) = host.deploy("v1"), host.deploy("v2")
    assert (host.page(), none) == ("v2", [])
    assert host.move("rollback", v1) == (201, ["pinned-after-rollback"])
    assert (host.page(), host.settings()["autoAssignCustomDomains"]) == ("v1", "false")
    v3, told = host.deploy("v3")
    assert (host.page(), told) == ("v1", ["pinned-after-rollback"])
    assert host.move("promote", v3) == (201, [])
    assert (host.page(), host.settings()["autoAssignCustomDomains"]) == ("v3", "true")
    assert host.deploy("v4")[1] == []
    assert host.page() == "v4"
    assert v2 != v3


def test_what_is_no_target_is_refused_and_changes_nothing(host):
    (v1, _), (v2, _) = host.deploy("v1"), host.deploy("v2")
    preview, _ = host.deploy("v0", target=None)
    staged, _ = host.deploy("v3", autoAssignCustomDomains=False)
    assert host.move("rollback", v2) == ((409, "conflict"), ["already-current"])
    assert host.move("promote", v2) == ((409, "conflict"), ["already-current"])
    for never in (preview, staged):
        assert host.move("rollback", never) == ((422, "not_rollback_candidate"), ["once-production"])
    assert host.move("rollback", "dpl_nothing") == ((404, "not_found"), [])
    assert host.api.post(f"/v1/projects/other/rollback/{v1}", json={}).status_code == 404
    assert (host.page(), host.settings()["autoAssignCustomDomains"]) == ("v2", "true")


def test_a_rollback_answers_without_a_content_type(host):
    v1, _ = host.deploy("v1")
    host.deploy("v2")
    answer = host.api.post(f"{PROJECT}/rollback/{v1}", json={})
    assert (answer.status_code, answer.content, "content-type" in answer.headers) == (201, b"", False)


def test_hobby_goes_back_one_step_only(tmp_path):
    host = Host(tmp_path / "host", plan="hobby")
    v1, v2, _ = (host.deploy(text)[0] for text in ("v1", "v2", "v3"))
    listed = host.api.get("/v6/deployments").json()["deployments"]
    assert [each["uid"] for each in listed if each["isRollbackCandidate"]] == [v2]
    assert host.move("rollback", v1) == ((402, "payment_required"), ["hobby-one-step"])
    assert host.page() == "v3"
    assert host.move("rollback", v2)[0] == 201
    assert host.page() == "v2"


def again(host, id_, action, target="production"):
    """What `vercel promote` does with a preview, and `vercel redeploy` with any deployment."""
    wanted = {"name": "shop", "deploymentId": id_, "target": target, "meta": {"action": action}}
    done = host.api.post("/v13/deployments", json=wanted)
    return done.json().get("id"), rules(done)


def test_the_client_promotes_a_preview_as_a_new_production_deployment(host):
    host.deploy("v1")
    preview, _ = host.deploy("v2", target=None, meta={"build": "two"})
    assert host.page() == "v1"
    made, told = again(host, preview, "promote")
    assert (host.page(), told) == ("v2", ["promote-builds-preview-again"])
    live, *_ = host.api.get("/v6/deployments", params={"target": "production"}).json()["deployments"]
    assert (live["uid"], live["meta"]["build"]) == (made, "two")
    assert made != preview


def test_a_preview_that_the_client_promotes_while_production_is_pinned_is_not_live(host):
    v1, _ = host.deploy("v1")
    host.deploy("v2")
    preview, _ = host.deploy("v3", target=None)
    host.move("rollback", v1)
    _, told = again(host, preview, "promote")
    assert (host.page(), told) == ("v1", ["promote-builds-preview-again", "pinned-after-rollback"])


def test_the_api_promotes_a_preview_as_it_is(host):
    host.deploy("v1")
    variable(host, "https://preview", target=["preview"])
    preview, _ = host.deploy("v2", target=None)
    assert host.move("promote", preview) == (201, ["api-promotes-as-built"])
    state = host.api.get("/_drill/state").json()
    assert (host.page(), state["live"], len(state["deployments"])) == ("v2", preview, 2)
    assert state["settings"]["variable API_URL of the live build"] == "https://preview"


def test_a_deployment_that_is_made_again_has_the_present_variables(host):
    variable(host, "https://old")
    v1, _ = host.deploy("v1")
    variable(host, "https://new")
    host.deploy("v2")
    made, told = again(host, v1, "redeploy")
    assert (host.page(), told, made != v1) == ("v1", [], True)
    assert host.settings()["variable API_URL of the live build"] == "https://new"
    assert again(host, "dpl_nothing", "redeploy")[0] is None
    assert host.page() == "v1"


def test_a_promotion_assigns_domains_again_though_the_team_had_ended_that(host):
    host.deploy("v1")
    assert host.api.patch(PROJECT, json={"autoAssignCustomDomains": False}).json()["autoAssignCustomDomains"] is False
    v2, told = host.deploy("v2")
    assert (host.page(), told) == ("v1", [])
    assert host.move("promote", v2) == (201, ["promote-assigns-again"])
    host.deploy("v3")
    assert host.page() == "v3"


def test_a_change_of_the_project_that_is_not_kept_is_refused(host):
    assert host.api.patch(PROJECT, json={"autoAssignCustomDomains": True, "name": "x"}).status_code == 400
    assert host.api.patch(PROJECT, json={}).status_code == 400


def variable(host, value, **more):
    wanted = {"key": "API_URL", "value": value, "type": "plain", "target": ["production"], **more}
    return host.api.post("/v10/projects/shop/env", params={"upsert": "true"}, json=wanted)


def test_a_rollback_keeps_the_variables_of_the_old_build(host):
    variable(host, "https://old")
    v1, _ = host.deploy("v1")
    variable(host, "https://new")
    host.deploy("v2")
    assert host.settings()["variable API_URL of the live build"] == "https://new"
    assert host.move("rollback", v1) == (201, ["pinned-after-rollback", "environment-of-the-build"])
    assert host.settings()["variable API_URL of the live build"] == "https://old"
    assert host.api.get("/v3/env/pull/shop/production").json()["env"] == {"API_URL": "https://new"}


def test_a_variable_is_seen_by_builds_for_its_environments_until_it_is_removed(tmp_path):
    host = Host(tmp_path / "host", variables={"REGION": "fra1"})
    made = variable(host, "one", target=["production", "preview"])
    id_ = made.json()["created"]["id"]
    assert variable(host, "two", target="preview").status_code == 201

    def pulled(target):
        return host.api.get(f"/v3/env/pull/shop/{target}").json()["env"]

    assert [pulled(each).get("API_URL") for each in ("production", "preview", "development")] == ["one", "two", None]
    host.api.patch(f"/v10/projects/shop/env/{id_}", json={"value": "three"})
    assert pulled("production") == {"API_URL": "three", "REGION": "fra1"}
    assert host.api.delete(f"/v10/projects/shop/env/{id_}").status_code == 200
    assert host.api.delete(f"/v10/projects/shop/env/{id_}").status_code == 404
    assert pulled("production") == {"REGION": "fra1"}
    assert len(host.api.get("/v10/projects/shop/env", params={"target": "preview"}).json()["envs"]) == 2


def test_a_second_variable_of_a_name_is_refused_unless_it_is_to_take_its_place(host):
    variable(host, "one")
    again = {"key": "API_URL", "value": "two", "target": ["production"]}
    answer = host.api.post("/v10/projects/shop/env", json=again)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "ENV_CONFLICT")
    assert host.api.get("/v3/env/pull/shop/production").json()["env"] == {"API_URL": "one"}


def test_what_is_not_plain_is_in_no_list_and_no_report(host):
    variable(host, "s3cret-value", type="encrypted")
    host.deploy("v1")
    shown = host.settings()["variable API_URL of the live build"]
    assert shown.startswith("encrypted, SHA-256 ")
    texts = [host.api.get(path).text for path in ("/v10/projects/shop/env", PROJECT, "/_drill/state")]
    assert not any("s3cret-value" in each for each in texts)
    variable(host, "s3cret-valuE", type="encrypted")
    host.deploy("v2")
    assert host.settings()["variable API_URL of the live build"] != shown


@pytest.mark.parametrize(
    "wrong", [{"key": "1X"}, {"key": "A B"}, {"key": ""}, {"target": []}, {"target": ["mars"]}, {"value": "x" * 65_537}]
)
def test_a_variable_that_is_none_is_refused(host, wrong):
    assert variable(host, **{"value": "v", **wrong}).json()["error"]["code"] == "bad_request"


def test_production_shows_the_deployment_before_until_its_domains_have_moved(tmp_path):
    host = Host(tmp_path / "host", alias_delay=3600)
    v1, _ = host.deploy("v1")
    v2, _ = host.deploy("v2")
    assert host.page() == "v1"
    assert host.api.get(PROJECT).json()["targets"]["production"]["id"] == v2
    host.move("rollback", v1)
    asked = host.api.get(PROJECT).json()["lastAliasRequest"]
    assert (asked["jobStatus"], asked["fromDeploymentId"], asked["toDeploymentId"]) == ("in-progress", v2, v1)
    assert (asked["type"], host.page()) == ("rollback", "v1")


def test_a_list_holds_what_was_asked_for_newest_first_page_by_page(host):
    made = [host.deploy(f"v{n}", meta={"build": f"v{n}"})[0] for n in range(3)]
    preview, _ = host.deploy("p", target=None)

    def listed(**query):
        answer = host.api.get("/v6/deployments", params=query)
        return [each["uid"] for each in answer.json().get("deployments", ())], answer

    assert listed()[0] == [preview, *reversed(made)]
    assert listed(target="production")[0] == [*reversed(made)]
    assert listed(**{"meta-build": "v1"})[0] == [made[1]]
    assert (listed(state="ERROR")[0], listed(state="ERROR,READY")[0][0]) == ([], preview)
    assert listed(projectId="other")[1].status_code == 404
    first, answer = listed(limit=4)
    assert (len(first), answer.json()["pagination"]["next"]) == (4, None)
    newest = host.api.get("/v6/deployments", params={"limit": 1}).json()
    older = listed(until=newest["pagination"]["next"])[0]
    assert newest["deployments"][0]["uid"] == preview and preview not in older


def test_each_deployment_has_a_name_of_its_own(host):
    v1, _ = host.deploy("v1")
    host.deploy("v2")
    url = host.api.get(f"/v13/deployments/{v1}").json()["url"]
    assert host.visitor.get("/", headers={"Host": f"{url}:80"}).text == "v1"
    assert host.api.get(f"/v13/deployments/{url}").json()["id"] == v1


def deployed(host, **said):
    host.deploy("home", besides=[("a.html", "page"), ("vercel.json", json.dumps(said))])
    return lambda path: host.visitor.get(path, follow_redirects=False)


def test_the_sites_own_headers_redirects_and_rewrites(host):
    get = deployed(
        host,
        headers=[{"source": "/(.*)", "headers": [{"key": "X-Team", "value": "drill"}]}],
        redirects=[
            {"source": "/a.html", "destination": "/b"},
            {"source": "/old/:path*", "destination": "/new/:path*", "permanent": False},
            {"source": "/gone/(.*)", "destination": "/here/$1", "statusCode": 301},
        ],
        rewrites=[{"source": "/app/(.*)", "destination": "/index.html"}],
    )
    assert (get("/").text, get("/").headers["X-Team"]) == ("home", "drill")
    assert (get("/a.html").status_code, get("/a.html").headers["Location"]) == (308, "/b"), "before there is a file"
    assert (get("/old/x/y").status_code, get("/old/x/y").headers["Location"]) == (307, "/new/x/y")
    assert (get("/gone/z").status_code, get("/gone/z").headers["Location"]) == (301, "/here/z")
    assert (get("/app/x").status_code, get("/app/x").text) == (200, "home")


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"headers": 5}',
        '{"headers": [{"source": "/", "headers": [{"key": "X", "value": 5}]}]}',
        '{"rewrites": [{"source": "/x", "destination": null}]}',
        '{"redirects": [{"source": "/x", "destination": "/y", "statusCode": 999}]}',
    ],
)
def test_a_vercel_json_that_is_not_valid_says_nothing(host, text):
    host.deploy("home", besides=[("vercel.json", text)])
    assert (host.visitor.get("/").status_code, host.visitor.get("/x").status_code) == (200, 404)


HOSTILE = [
    b'{"name": "shop", "meta": {"\\ud800": 1}}',
    b'{"name": "\\ud800"}',
    b'{"name": "shop", "files": [{"file": "a", "size": 1e400}]}',
    b'{"name": "shop", "files": [{"file": "a", "sha": "../../etc/passwd"}]}',
    b'{"name": "shop", "files": [{"file": "a\\u0000b", "data": ""}]}',
    b'{"name": "shop", "files": {"file": "a"}}',
    b'{"name": "shop", "files": [{}]}',
    b'{"name": "shop", "target": "production"}',
    b"[" * 100_000,
    b"null",
    b"",
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", HOSTILE, ids=range(len(HOSTILE)))
def test_a_deployment_that_is_none_is_refused_in_the_vendors_envelope(host, body):
    answer = host.api.post("/v13/deployments", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_request")
    assert host.api.get("/v6/deployments").json()["deployments"] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v99/nothing", 404, "not_found"),
        ("GET", "/v13/deployments/dpl_x", 404, "not_found"),
        ("GET", "/v9/projects/other", 404, "not_found"),
        ("GET", "/v2/teams/other", 404, "not_found"),
        ("DELETE", "/v13/deployments", 405, "method_not_allowed"),
        ("GET", "/v6/deployments?limit=0", 400, "bad_request"),
        ("GET", "/v3/env/pull/shop/mars", 400, "bad_request"),
    ],
)
def test_what_is_not_there_is_refused_in_the_vendors_envelope(host, method, path, status, code):
    answer = host.api.request(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_upload_that_is_too_large_says_so_in_the_vendors_words(host):
    answer = host.api.post("/v2/files", content=b"", headers={"Content-Length": str(1024**3)})
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "file_too_large")

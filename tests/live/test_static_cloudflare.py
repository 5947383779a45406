"""Traps of Cloudflare Pages with wrangler as npm has it and with the SDK, which has the rollback that wrangler lacks.

The basics are in test_static_hosts.
"""

import json

import pytest
from cloudflare import BadRequestError, Cloudflare, DefaultHttpxClient

from drills.static.hosts import CloudflarePages
from tests.live.hosted import SCRIPTS, team_on

PAGES = SCRIPTS / "pages"
DEPLOY, PREVIEW, ROLLBACK = PAGES / "deploy.sh", PAGES / "preview.sh", PAGES / "rollback.py"
PROJECT = {"account_id": "drill", "project_name": "storefront"}


@pytest.fixture
def team(tmp_path):
    with team_on(CloudflarePages(), tmp_path) as team:
        yield team


@pytest.fixture
def sdk(team):
    """Deployments of the project by Cloudflare's Python SDK."""
    given = team.host.environment()
    with DefaultHttpxClient(trust_env=False) as plain:
        client = Cloudflare(
            api_token=given["CLOUDFLARE_API_TOKEN"],
            base_url=given["CLOUDFLARE_API_BASE_URL"],
            http_client=plain,
            max_retries=0,
        )
        yield client.pages.projects.deployments


def named(sdk, **only):
    """Id by message, newest first; a page has one deployment, so that the SDK has to turn pages."""
    found = sdk.list(**PROJECT, **only, extra_query={"per_page": 1})
    return {each.deployment_trigger.metadata.commit_message: each.id for each in found}


def test_targets_are_all_of_production_and_no_previews_and_the_timeline_says_which_rule_it_was(team, sdk):
    team.does(DEPLOY, team.built("v1"))
    team.does(DEPLOY, team.built("v2"))
    ids = named(sdk)
    assert (list(ids), team.rules()) == (["v2", "v1"], set())
    table = team.does("wrangler", "pages", "deployment", "list", "--project-name", "storefront")
    assert all(each in table for each in ids.values())

    team.does(PREVIEW, team.folder / "builds" / "v1")
    preview = named(sdk, env="preview")["v1"]
    own = f"{preview[:8]}.storefront.pages.localhost:{team.host.settings.site_port}"
    assert 'data-version="v1"' in team.get("/", Host=own).text
    with pytest.raises(BadRequestError):
        sdk.rollback(preview, **PROJECT)
    refused = team.runs(ROLLBACK, "v1")
    assert (refused.returncode, team.served()) == (1, {"v2"})
    assert team.rules() == {"pages-no-preview-target"}

    for target in ("v1", "v2", "v1"):
        sdk.rollback(ids[target], **PROJECT)
        assert team.served() == {target}
    assert team.rules() == {"pages-no-preview-target", "pages-any-production-target"}
    team.does(DEPLOY, team.built("v3"))
    assert team.served() == {"v3"}
    assert "pages-next-deploy-is-live" in team.rules()


def test_headers_and_redirects_come_beside_the_files_and_the_client_leaves_nothing_where_it_was_called(team):
    files = {
        "_headers": "/*\n  Cache-Control: max-age=60\n",
        "_redirects": "/app.js /other.js 301\n/old /new\n/blog/* /news/:splat\n",
        "404.html": "lost",
    }
    report = team.folder / "report.ndjson"
    done = team.runs(DEPLOY, team.built("v1", **files), WRANGLER_OUTPUT_FILE_PATH=str(report))
    assert done.returncode == 0, done.stderr
    assert team.get("/").headers["Cache-Control"] == "max-age=60"
    assert (team.get("/app.js").status_code, team.get("/old").status_code) == (301, 302)
    assert team.get("/blog/a/b").headers["Location"] == "/news/a/b"
    assert (team.get("/_headers").status_code, team.get("/nothing").text) == (404, "lost")

    said = {each["type"]: each for each in map(json.loads, report.read_text().splitlines())}
    assert said["pages-deploy"]["url"] in done.stdout
    assert [each for each in (team.folder / "workdir").rglob("*") if each.is_file()] == []

    team.does(DEPLOY, team.built("v2"))
    gone = team.get("/assets/gone.js")
    assert (gone.status_code, gone.text) == (200, team.get("/").text), "without a 404 page it is one application"

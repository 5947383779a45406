"""GitHub Pages, driven by the git of this host and by what stands for the two actions. No container engine."""

import pytest
import requests

from drills.static.github_pages import GitHubPages
from harness.limits import wait_until
from tests.live.hosted import SCRIPTS, team_on

GITHUB = SCRIPTS / "github"
PUSH, REVERT, AWAIT = GITHUB / "deploy.sh", GITHUB / "rollback.sh", GITHUB / "await-build.py"
UPLOAD, RUN_AGAIN, RELEASE = GITHUB / "upload.py", GITHUB / "deploy-run.py", GITHUB / "release.sh"


def asked(team, method, path, **more):
    """Status and words of GitHub's API, asked as a script of the team's asks it."""
    given = team.host.environment()
    answer = requests.request(
        method,
        f"{given['GITHUB_API_URL']}/repos/{given['GITHUB_REPOSITORY']}{path}",
        headers={"Authorization": f"Bearer {given['GITHUB_TOKEN']}"},
        timeout=20,
        **more,
    )
    return answer.status_code, answer.json()


def deployment_of(run):
    return {"json": {"artifact_id": run, "pages_build_version": "abc"}}


@pytest.fixture
def team(tmp_path, request):
    with team_on(GitHubPages(**getattr(request, "param", {})), tmp_path) as team:
        yield team


def on(**config):
    return pytest.mark.parametrize("team", [config], indirect=True)


def test_push_revert_and_what_the_next_push_does(team):
    team.does(PUSH, team.built("v1"))
    assert team.served() == {"v1"}
    team.does(PUSH, team.built("v2", **{"only-in-v2.html": "two"}))
    assert (team.served(), team.get("/only-in-v2").text) == ({"v2"}, "two")
    team.does(REVERT)
    assert (team.served(), team.get("/only-in-v2").status_code) == ({"v1"}, 404)
    team.does(AWAIT)
    assert len(team.state()["deployments"]) == 3  # a revert is a build too
    team.does(PUSH, team.built("v3"))
    assert (team.served(), team.rules()) == ({"v3"}, set())


def test_an_older_commit_can_be_pushed_over_the_newer_one(team):
    first = team.does(PUSH, team.built("v1")).split()[-1]
    team.does(PUSH, team.built("v2"))
    remote = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}.git".format(**team.host.environment())
    clone = team.folder / "clone"
    team.does("git", "clone", "--quiet", "--branch", "gh-pages", remote, clone)
    team.does("git", "-C", clone, "push", "--quiet", "--force", "origin", f"{first}:gh-pages")
    assert team.served() == {"v1"}


def test_pushes_are_listed_and_a_commit_that_is_not_there_is_no_target(team):
    pushed = [team.does(PUSH, team.built(version)).split()[-1] for version in ("v1", "v2")]
    status, builds = asked(team, "GET", "/pages/builds")
    assert (status, [each["commit"] for each in builds]) == (200, pushed[::-1])
    clone = team.folder / "clone"
    remote = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}.git".format(**team.host.environment())
    team.does("git", "clone", "--quiet", "--branch", "gh-pages", remote, clone)
    assert team.does("git", "-C", clone, "log", "--format=%H %s").split() == [pushed[1], "v2", pushed[0], "v1"]
    before = team.state()
    for unknown in ("0123456789" * 4, "v0", "gh-pages~7"):
        assert team.runs("git", "-C", clone, "push", "--force", "origin", f"{unknown}:gh-pages").returncode != 0
    assert asked(team, "GET", "/pages/deployments/build-7")[0] == 404
    assert (team.served(), team.state()) == ({"v2"}, before)
    team.does(REVERT)
    assert team.served() == {"v1"}
    team.does(PUSH, team.built("v3"))
    assert team.served() == {"v3"}


def test_a_build_that_fails_leaves_the_old_site_while_the_push_and_the_run_are_green(team):
    team.does(PUSH, team.built("v1"))
    team.does(PUSH, team.built("v2", **{"_config.yml": "title: [not closed"}))
    assert team.served() == {"v1"}
    assert team.rules() == {"github-pages-build-apart"}
    seen = team.runs(AWAIT)
    assert (seen.returncode, "errored" in seen.stdout) == (1, True)
    assert seen.stderr.strip() == "the site is as it was before: Page build failed."
    team.does(REVERT)
    team.does(AWAIT)
    assert team.served() == {"v1"}


def test_what_begins_with_an_underscore_is_published_only_without_jekyll(team):
    site = team.built("v1")
    (site / "_next").mkdir()
    (site / "_next" / "chunk.js").write_text("chunk")
    team.does(PUSH, site)
    assert (team.get("/_next/chunk.js").status_code, team.rules()) == (404, {"github-pages-jekyll-leaves-out"})
    (site / ".nojekyll").write_text("")
    team.does(PUSH, site)
    assert team.get("/_next/chunk.js").text == "chunk"


def test_a_stranger_pushes_nothing(team):
    team.does(PUSH, team.built("v1"))
    before = team.state()
    wrong = {"GIT_CONFIG_VALUE_0": "Authorization: Basic d3Jvbmc6d3Jvbmc="}
    for script in ([PUSH, team.built("v2")], [REVERT]):
        refused = team.runs(*script, **wrong)
        assert refused.returncode != 0
    assert team.runs(RUN_AGAIN, "v1", GITHUB_TOKEN="wrong").stderr.strip().endswith("Bad credentials")
    elsewhere = team.runs(PUSH, team.folder / "builds" / "v2", GITHUB_REPOSITORY="drill/another")
    assert "not found" in elsewhere.stderr
    assert (team.served(), team.state()) == ({"v1"}, before)


@on(source="workflow")
def test_the_deploy_job_of_an_older_run_is_run_again(team):
    team.does(RELEASE, team.built("v1"))
    assert team.served() == {"v1"}
    team.does(RELEASE, team.built("v2"))
    assert team.served() == {"v2"}
    team.does(RUN_AGAIN, "v1")
    assert team.served() == {"v1"}
    unknown = team.runs(RUN_AGAIN, "v0")
    assert (unknown.returncode, unknown.stderr.strip()) == (1, "there is no run with the title 'v0'")
    team.does(RELEASE, team.built("v3"))
    assert team.served() == {"v3"}


@on(source="workflow")
def test_runs_are_listed_and_an_unknown_one_or_a_wrong_token_deploys_nothing(team):
    for version in ("v1", "v2"):
        team.does(RELEASE, team.built(version))
    _, listed = asked(team, "GET", "/actions/runs")
    ids = {each["display_title"]: each["id"] for each in listed["workflow_runs"]}
    assert list(ids) == ["v2", "v1"]
    before = team.state()
    for unknown in (0, -1, 99, 2**70):
        status, said = asked(team, "POST", "/pages/deployments", **deployment_of(unknown))
        assert (status, said["message"]) == (404, "Not Found")
        assert asked(team, "GET", f"/actions/runs/{unknown}/artifacts")[0] == 404
    v3 = team.built("v3")
    for script in ([UPLOAD, v3], [RELEASE, v3], [RUN_AGAIN, "v1"]):
        refused = team.runs(*script, GITHUB_TOKEN="wrong")
        assert (refused.returncode, refused.stderr.strip().endswith("Bad credentials")) == (1, True)
    assert (team.served(), team.state()) == ({"v2"}, before)
    assert asked(team, "POST", "/pages/deployments", **deployment_of(ids["v1"]))[0] == 200
    assert team.served() == {"v1"}
    team.does(RELEASE, v3)
    assert team.served() == {"v3"}


@on(source="workflow", day=0.5)
def test_an_artefact_that_is_older_than_its_retention_cannot_be_deployed_again(team):
    team.does(UPLOAD, team.built("v1"), "90")
    team.does(RUN_AGAIN, "v1")
    team.does(UPLOAD, team.built("v2"))
    assert wait_until(lambda: "artifact 2" not in team.state()["deployments"] or None, 10)
    refused = team.runs(RUN_AGAIN, "v2")
    assert refused.returncode == 1
    assert refused.stderr.strip() == 'Error: No artifacts named "github-pages" were found for this workflow run.'
    assert (team.served(), team.rules()) == ({"v1"}, {"github-pages-artifact-retention"})
    status, said = asked(team, "POST", "/pages/deployments", **deployment_of(2))
    assert (status, said["message"]) == (404, "Not Found")
    assert (team.served(), "github-pages-expired-refused" in team.rules()) == ({"v1"}, True)
    team.does(UPLOAD, team.built("v3"), "90")
    team.does(RUN_AGAIN, "v3")
    assert team.served() == {"v3"}


@on(source="workflow")
def test_a_push_publishes_nothing_where_the_workflow_is_the_source(team):
    team.does(RELEASE, team.built("v1"))
    team.does(PUSH, team.built("v2"))
    assert (team.served(), team.rules()) == ({"v1"}, {"github-pages-not-the-source"})


def test_answers_may_be_kept_for_ten_minutes_and_the_token_is_masked_in_the_form_that_git_sends(team):
    team.does(PUSH, team.built("v1"))
    assert team.get("/").headers["Cache-Control"] == "max-age=600"
    sent = team.host.environment()["GIT_CONFIG_VALUE_0"]
    assert sent.rpartition(" ")[2] not in team.run.redactor.clean(sent)

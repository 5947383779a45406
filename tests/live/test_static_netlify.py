"""Traps of Netlify with netlify-cli as npm has it, and what the timeline tells. The basics are in test_static_hosts."""

import json

from drills.static.hosts import Netlify
from tests.live.hosted import SCRIPTS, team_on

DEPLOY, RESTORE = SCRIPTS / "netlify" / "deploy.sh", SCRIPTS / "netlify" / "restore.py"
OVERWRITTEN = "netlify-next-deploy-publishes"


def listed(team):
    """Id by message of the deploys that the client lists."""
    said = json.loads(team.does("netlify", "api", "listSiteDeploys", "--data", '{"site_id": "storefront"}'))
    return {each["title"]: each["id"] for each in said}


def test_the_next_deploy_overwrites_a_restored_one_unless_it_is_locked(tmp_path):
    with team_on(Netlify(), tmp_path) as team:
        team.does(DEPLOY, team.built("v1"))
        team.does(DEPLOY, team.built("v2"))
        assert (team.served(), team.rules()) == ({"v2"}, set())
        team.does(RESTORE, "v1")
        assert (team.served(), len(team.state()["deployments"])) == ({"v1"}, 2)  # nothing was built or uploaded
        team.does(DEPLOY, team.built("v2-text"))
        assert (team.served(), team.rules()) == ({"v2-text"}, {OVERWRITTEN})

        team.does(RESTORE, "v1", "--lock")
        before = team.state()
        refused = team.runs(DEPLOY, team.built("v3"))
        assert (refused.returncode, team.served(), team.state()) == (13, {"v1"}, before)
        assert 'Deployments are "locked"' in refused.stdout + refused.stderr

        team.does(SCRIPTS / "netlify" / "deploy-if-unlocked.sh", team.folder / "builds" / "v3")
        ids = listed(team)
        draft = f"{ids['v3']}--storefront.netlify.localhost:{team.host.settings.site_port}"
        assert 'data-version="v3"' in team.get("/", Host=draft).text
        assert team.served() == {"v1"}

        team.does("netlify", "api", "unlockDeploy", "--data", json.dumps({"deploy_id": ids["v1"]}))
        assert team.state()["host settings"] == {"published deploy": "auto publishing"}
        assert team.served() == {"v1"}, "what was built meanwhile is not published"
        team.does(DEPLOY, team.built("v4"))
        assert team.served() == {"v4"}
        team.does("netlify", "api", "rollbackSiteDeploy", "--data", '{"site_id": "storefront"}')
        assert (team.served(), team.rules()) == ({"v1"}, {OVERWRITTEN, "netlify-rollback-picks"})

"""Each stand-in with the vendor's own client, unmodified and pinned: deploy, list, roll back, be refused, deploy again.

After each step the bytes that visitors get are read: what a client says of itself is no proof.
"""

import json
import socket
import subprocess
import time
from pathlib import Path

import cloudflare
import pytest
import requests

from drills.static.hosts import CloudflarePages, Netlify, Vercel
from drills.static.platform import Static
from harness.errors import EnvironmentProblem
from harness.probe.config import Traffic
from harness.probe.process import Probe
from tests.harness.probe.shop import eventually
from tests.live.local import local_run

pytestmark = pytest.mark.live
SCRIPTS = Path(__file__).parents[2] / "drills" / "workloads" / "storefront"


@pytest.fixture
def run(tmp_path):
    with local_run(tmp_path) as made:
        yield made


class Team:
    """Commands of a team against one host."""

    def __init__(self, run, host, folder):
        self.run, self.host, self.folder = run, host, folder
        self.services = {"host": host}

    def command(self, *argv, **changed):
        """Exit code and output of a program of the host's client or of the team's scripts."""
        program = SCRIPTS / argv[0]
        words = [str(program), *argv[1:]] if program.is_file() else list(argv)
        env = self.run.environment({**self.host.environment(), **changed})
        done = subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, f"{done.stdout}\n{done.stderr}"

    def build(self, version):
        folder = self.folder / version
        (folder / "assets").mkdir(parents=True, exist_ok=True)
        page = f'<html data-version="{version}"><script src="/assets/{version}.js"></script></html>'
        (folder / "index.html").write_text(page)
        (folder / "assets" / f"{version}.js").write_text(f"/* version: {version} */")
        return str(folder)

    def ok(self, *argv, **changed):
        code, output = self.command(*argv, **changed)
        assert code == 0, output
        return output

    def serves(self):
        """Versions of the page and of the script that it names, as visitors get them."""
        site = Static(uses="static", host="host").provision(self.run, self.services)
        return {each.version or each.detail for each in site.instances()}


def team(run, config, folder):
    return Team(run, config.start("host", run), folder)


def test_vercel(run, tmp_path):
    us = team(run, Vercel(uses="vercel"), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    assert us.serves() == {"v1"}
    us.ok("vercel/deploy.sh", us.build("v2"))
    assert us.serves() == {"v2"}
    newest, before = (us.ok("vercel/deployment.sh", number).strip() for number in "12")
    assert requests.get(us.host.url, headers={"Host": before.removeprefix("https://")}, timeout=5).text.count('"v1"')
    assert us.command("vercel/deployment.sh", "3")[0] == 1

    code, said = us.command("vercel/client.sh", "rollback", "--yes", "dpl_nothing")
    assert (code, "Can't find the deployment" in said) == (1, True)
    assert us.command("vercel/rollback.sh", VERCEL_TOKEN="wrong")[0] == 1
    preview = us.ok("vercel/client.sh", "deploy", "--yes", us.build("v0")).strip().splitlines()
    code, said = us.command("vercel/client.sh", "rollback", "--yes", next(x for x in preview if x.startswith("https")))
    assert code == 1 and "never in production" in said, said
    assert us.serves() == {"v2"}

    us.ok("vercel/rollback.sh")
    assert us.serves() == {"v1"}
    us.ok("vercel/deploy.sh", us.build("v3"))
    assert us.serves() == {"v1"}, "production is pinned"
    us.ok("vercel/promote.sh", "1")
    assert us.serves() == {"v3"}
    us.ok("vercel/deploy.sh", us.build("v4"))
    assert us.serves() == {"v4"}, "promoting has ended the pin"
    assert newest != before


def test_vercel_on_hobby_goes_back_one_step(run, tmp_path):
    us = team(run, Vercel(uses="vercel", plan="hobby"), tmp_path)
    for version in ("v1", "v2", "v3"):
        us.ok("vercel/deploy.sh", us.build(version))
    code, said = us.command("vercel/rollback.sh", "3")
    assert (code, "upgrade to pro" in said, us.serves()) == (1, True, {"v3"})
    us.ok("vercel/rollback.sh", "2")
    assert us.serves() == {"v2"}


def test_netlify(run, tmp_path):
    us = team(run, Netlify(uses="netlify"), tmp_path)
    us.ok("netlify/deploy.sh", us.build("v1"))
    us.ok("netlify/deploy.sh", us.build("v2"))
    assert us.serves() == {"v2"}
    listed = json.loads(us.ok("netlify", "api", "listSiteDeploys", "--data", '{"site_id": "storefront"}'))
    assert [each["title"] for each in listed] == ["v2", "v1"]

    code, said = us.command(
        "netlify", "api", "restoreSiteDeploy", "--data", '{"site_id": "storefront", "deploy_id": "no"}'
    )
    assert (code, "Not Found" in said) == (1, True)
    assert us.command("netlify/restore.py", "v1", NETLIFY_AUTH_TOKEN="wrong")[0] == 1
    assert us.serves() == {"v2"}

    us.ok("netlify/restore.py", "v1")
    assert us.serves() == {"v1"}
    us.ok("netlify/deploy.sh", us.build("v3"))
    assert us.serves() == {"v3"}, "the next deploy is published"
    us.ok("netlify/restore.py", "v1", "--lock")
    assert us.command("netlify/deploy.sh", us.build("v4"))[0] != 0
    us.ok("netlify/deploy-if-unlocked.sh", us.build("v4"))
    assert us.serves() == {"v1"}, "a locked deploy stays"
    settings = us.host.snapshot()["host settings"]
    assert settings == {"published deploy": "locked"}


def test_netlify_keeps_deploys_for_ninety_days_and_serves_the_teams_own_headers(run, tmp_path):
    us = team(run, Netlify(uses="netlify", day=0.001), tmp_path)
    (Path(us.build("v1")) / "_headers").write_text("/*\n  X-Team: drill\n")
    (Path(us.build("v1")) / "_redirects").write_text("/old /new 302\n/app/* /index.html 200\n")
    us.ok("netlify/deploy.sh", us.build("v1"))
    assert requests.get(us.host.url, timeout=5).headers["X-Team"] == "drill"
    assert requests.get(us.host.url + "/app/x", timeout=5).text.count('"v1"')
    assert requests.get(us.host.url + "/old", timeout=5, allow_redirects=False).headers["Location"] == "/new"
    us.ok("netlify/deploy.sh", us.build("v2"))
    code, said = us.command("netlify/restore.py", "v1")
    assert (code, "no deploy with the message 'v1' is kept" in said) == (1, True)


def test_cloudflare_pages(run, tmp_path):
    us = team(run, CloudflarePages(uses="cloudflare-pages"), tmp_path)
    us.ok("pages/deploy.sh", us.build("v1"))
    us.ok("pages/deploy.sh", us.build("v2"))
    us.ok("pages/preview.sh", us.build("v1"))
    assert us.serves() == {"v2"}

    given = us.host.environment()
    client = cloudflare.Cloudflare(
        api_token=given["CLOUDFLARE_API_TOKEN"], base_url=given["CLOUDFLARE_API_BASE_URL"], max_retries=0
    )
    deployments = client.pages.projects.deployments
    place = {"project_name": "storefront", "account_id": given["CLOUDFLARE_ACCOUNT_ID"]}
    listed = list(deployments.list(**place))
    assert [each.environment for each in listed] == ["preview", "production", "production"]
    preview, _, first = listed
    with pytest.raises(cloudflare.BadRequestError, match="only production deployments"):
        deployments.rollback(preview.id, **place)
    with pytest.raises(cloudflare.NotFoundError):
        deployments.rollback("nothing", **place)
    assert us.command("pages/rollback.py", "v1", "--production", CLOUDFLARE_API_TOKEN="wrong")[0] == 1
    assert us.serves() == {"v2"}

    deployments.rollback(first.id, **place)
    assert us.serves() == {"v1"}
    us.ok("pages/rollback.py", "v2", "--production")
    assert us.serves() == {"v2"}, "a newer one is a target too"
    us.ok("pages/deploy.sh", us.build("v3"))
    assert us.serves() == {"v3"}


@pytest.mark.parametrize("config", [Vercel(uses="vercel"), Netlify(uses="netlify")], ids=lambda each: each.uses)
def test_visitors_are_served_while_a_deploy_goes_on_and_a_slow_client_hangs_about(run, tmp_path, config):
    us = team(run, config, tmp_path)
    us.ok(f"{config.uses}/deploy.sh", us.build("v1"))
    traffic = Traffic.model_validate(
        {"rate": 200, "requests": [{"name": "page", "get": "/", "expect": {"contains": "data-version"}}]}
    )
    slow = [socket.create_connection(("127.0.0.1", us.host.settings.api_port)) for _ in range(20)]
    for each in slow:
        each.sendall(b"POST /v2/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
    probe = Probe.start(traffic, us.host.url, run.id, time.monotonic(), tmp_path, run.environment())
    us.ok(f"{config.uses}/deploy.sh", us.build("v2"))
    log = tmp_path / "requests.jsonl"
    eventually(lambda: log.exists() and log.read_text().count("\n") > 400, "400 requests")
    probe.stop(timeout=10.0)
    answers = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each for each in answers if not each["ok"]] == []
    assert us.serves() == {"v2"}
    for each in slow:
        each.close()


def test_without_node_the_error_says_what_to_do(run, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="node") as caught:
        Vercel(uses="vercel").start("host", run)
    assert "nodejs" in caught.value.next_step

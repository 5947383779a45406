"""The shipped workflows, run by act against a ledger, with a deploy script that only writes down what it was asked."""

import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

import drills
from drills.releases import Releases
from drills.sabotages.front import SmokeCached
from harness.checks.http import HttpCheck
from harness.events import StepEnded
from harness.model import Phase
from harness.redact import Redactor
from harness.spi import Bench, Place, Run, Scope
from harness.steps.workflow import WorkflowStep
from harness.tap import Taps
from harness.timeline import Timeline, read_timeline

WORKLOADS = Path(drills.__file__).parent / "workloads"
ACTIONS = {"team/release-actions@5f2b8e0c9d7a41e6b3c8f0a2d4e6b8c0a1d3f5e7": "../release-actions"}
BEFORE = [
    {"version": "v0", "ago": "9d", "operator": "kim"},
    {"version": "v1", "ago": "3d", "operator": "kim"},
    {"version": "v2-rc1", "ago": "2d", "operator": "lee", "outcome": "BAD", "by": "kim", "why": "it does not start"},
    {"version": "v2", "ago": "1h", "operator": "lee"},
]
DEPLOY = """#!/usr/bin/env python3
import os, sys
assert not os.environ.get("DEPLOY_FAILS"), "no space left on device"
with open(os.environ["DEPLOYED"], "a") as file: file.write(repr(sys.argv[1:]) + "\\n")
"""
WHO = {"operator": "kim", "reason": "vouchers cannot be read"}
SCRIPTS = {"site": "vps/deploy.sh", "shop": "ecs/roll-to.py"}


class Users(BaseHTTPRequestHandler):
    """What the entry answers, and what the channel is told."""

    def do_GET(self):
        good = self.server.good
        item = self.path.partition("?")[0][-2:]
        self._answer(200 if good else 500, f'Welcome "total_cents":{item}00' if good else "broken")

    def do_POST(self):
        self.server.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer(self.server.channel, "")

    def _answer(self, status, text):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


class Team:
    """A copy of a workload's repository beside the shared actions, a ledger, users, a channel."""

    def __init__(self, tmp_path, workload, users):
        self.users, self.deployed = users, tmp_path / "deployed"
        for name in (workload, "release-actions"):
            shutil.copytree(WORKLOADS / name, tmp_path / name)
        for script in ("vps/deploy.sh", "ecs/roll-to.py", "ecs/deploy.py"):
            if (script_file := tmp_path / workload / script).exists():
                script_file.write_text(DEPLOY)
        self.folder = tmp_path / "run"
        for each in (self.folder, tmp_path / "scratch"):
            each.mkdir()
        self.timeline = Timeline(self.folder / "timeline.jsonl", anchor=0.0)
        self.taps = Taps(self.timeline.write)
        run = Run("r1", self.folder, tmp_path / "scratch", self.timeline, None, Redactor(), None, None, self.taps)
        self.ledger = Releases(deploys=BEFORE).start("releases", run)
        self.bench = Bench(run, self.ledger, {}, tmp_path / workload, {}, place=Place("rollback", Phase.ATTEMPT, 1))

    def run(self, file="rollback.yml", env=None, **fields):
        url = f"http://127.0.0.1:{self.users.server_port}"
        more = {
            "DEPLOYED": str(self.deployed),
            "STACK_URL": url,
            "NOTIFY_URL": url,
            "SMOKE_SECONDS": "0",
            **(env or {}),
        }
        step = WorkflowStep(file=f".github/workflows/{file}", map=ACTIONS, env=more, timeout=60, actor="lee", **fields)
        return step.execute(self.bench, Scope({}))

    def parts(self):
        events = read_timeline(self.folder / "timeline.jsonl")
        return {each.step: each.ok for each in events if isinstance(each, StepEnded)}

    def deploys(self):
        return self.deployed.read_text().splitlines() if self.deployed.exists() else []

    def outcomes(self):
        return {row.version: (row.outcome, row.by) for row in self.ledger.rows}


@pytest.fixture
def users():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Users)
    server.good, server.told, server.channel = True, [], 200
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(params=sorted(SCRIPTS))
def team(request, tmp_path, users):
    team = Team(tmp_path, request.param, users)
    yield team
    team.taps.close()


@pytest.fixture
def site(tmp_path, users):
    team = Team(tmp_path, "site", users)
    yield team
    team.taps.close()


STEPS = ("Check out", "Choose the release", "Mark the live release as BAD", "Deploy", "Record", "Smoke", "Notify")


def test_by_hand_it_goes_to_the_newest_good_release_marks_the_bad_one_and_tells(team):
    done = team.run(inputs=WHO)
    assert done.ok, done.output
    assert team.parts() == {f"rollback / {step}": True for step in STEPS}
    assert team.deploys() == ["['v1']"]
    assert team.ledger.rows[-1].version == "v1" and team.ledger.rows[-1].operator == "kim"
    assert team.outcomes()["v2"] == ("BAD", "kim") and team.outcomes()["v1"] == ("good", "")
    (told,) = team.users.told
    assert {key: told[key] for key in ("status", "version", "operator", "reason")} == {
        "status": "success",
        "version": "v1",
        **WHO,
    }


def test_a_release_may_be_asked_for(team):
    assert team.run(inputs={"version": "v0", **WHO}).ok
    assert team.deploys() == ["['v0']"]


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("v9", "'v9' is not among the last 4 deploys: v2, v2-rc1, v1, v0"),
        ("v2-rc1", "'v2-rc1' is marked BAD by kim: it does not start"),
        ("v1; touch canary", "'v1; touch canary' is not among the last 4 deploys"),
        ("$(touch canary)", "'$(touch canary)' is not among the last 4 deploys"),
        ("v1\nversion=v0", "'v1\\nversion=v0' is not among the last 4 deploys"),
    ],
)
def test_a_release_that_nobody_may_go_back_to_is_refused_and_nothing_is_deployed(site, version, said):
    done = site.run(inputs={"version": version, **WHO})
    assert not done.ok and said in done.output, done.output
    assert (site.deploys(), site.outcomes()["v2"][0]) == ([], "good")
    assert site.parts()["rollback / Choose the release"] is False and "rollback / Deploy" not in site.parts()
    assert [(each["status"], each["version"]) for each in site.users.told] == [("failure", version)]


@pytest.mark.parametrize("missing", ["operator", "reason"])
def test_who_and_why_are_required(team, missing):
    done = team.run(inputs={name: value for name, value in WHO.items() if name != missing})
    assert done.output == f"input {missing!r} is required and was not given\nnothing has run"
    assert (team.deploys(), team.parts(), team.users.told) == ([], {}, [])


def test_smoke_follows_a_deploy_that_failed_and_the_channel_is_told(team):
    done = team.run(inputs=WHO, env={"DEPLOY_FAILS": "yes"})
    assert not done.ok and "no space left on device" in done.output
    parts = team.parts()
    assert (parts["rollback / Deploy"], parts["rollback / Smoke"], parts["rollback / Notify"]) == (False, True, True)
    assert team.users.told[0]["status"] == "failure"


def test_a_red_smoke_is_a_failed_rollback(team):
    team.users.good = False
    done = team.run(inputs=WHO)
    assert not done.ok and team.parts()["rollback / Smoke"] is False
    assert "rollback / Smoke: GET /orders/18: 500" in done.output


def test_a_channel_that_is_down_fails_no_rollback(team):
    team.users.channel = 503
    done = team.run(inputs=WHO)
    assert (done.ok, team.parts()["rollback / Notify"]) == (True, False)


def commit(team):
    return {"RELEASE": "v3\n", "IMAGE": "shop:v3\n"} if (team.bench.workdir / "ecs").exists() else {"RELEASE": "v3\n"}


def test_a_release_whose_smoke_is_red_goes_back_by_itself(team):
    team.users.good = False
    done = team.run("release.yml", event="push", commit=commit(team), succeeds=["deploy"])
    assert done.ok, done.output
    first, back = team.deploys()
    assert "'v3'" in first and back == "['v2']"
    assert team.outcomes()["v3"] == ("BAD", "lee")
    told = team.users.told[0]
    assert (told["version"], told["operator"], told["reason"]) == ("v2", "lee", "smoke was red after the deploy")


@pytest.mark.parametrize(("careful", "deploys", "said"), [(True, 2, "0 of the"), (False, 1, "3 of the 3")])
def test_a_cache_before_the_service_fools_a_smoke_that_asks_what_it_has(site, careful, deploys, said):
    url = f"http://127.0.0.1:{site.users.server_port}"
    smoke = [HttpCheck(get=path) for path in ("/", "/orders/17", "/orders/18")]
    where = SimpleNamespace(
        bench=replace(site.bench, platform=SimpleNamespace(entry_url=url)),
        scenario=SimpleNamespace(smoke=smoke, releases=SimpleNamespace(good="v2")),
        scope=lambda _: Scope({}),
    )
    cache = SmokeCached()
    cache.ready(where)
    site.users.good = False
    armed = cache.arm(where)
    if not careful:
        script = site.bench.workdir.parent / "release-actions" / "smoke.py"
        script.write_text(script.read_text().replace("path + fresh", "path"))
    push = {"event": "push", "commit": commit(site), "succeeds": ["deploy"]}
    done = site.run("release.yml", env={"STACK_URL": armed.entry}, **push)
    assert done.ok and len(site.deploys()) == deploys, done.output
    ended = armed.undo()
    assert ended.met and said in ended.said


def test_a_release_whose_smoke_is_green_stays(team):
    done = team.run("release.yml", event="push", commit=commit(team))
    assert done.ok and len(team.deploys()) == 1 and team.outcomes()["v3"] == ("good", "")
    assert not [each for each in team.parts() if each.startswith("rollback")]


def test_a_release_that_is_marked_as_bad_is_not_deployed_again(site):
    done = site.run("release.yml", event="push", commit={"RELEASE": "v2-rc1\n"})
    assert not done.ok and site.deploys() == []
    assert "v2-rc1 is marked BAD by kim: it does not start" in done.output


def test_the_naive_one_takes_the_deploy_before_whatever_it_was(site):
    done = site.run("rollback-naive.yml")
    assert done.ok and site.deploys() == ["['v2-rc1']"], done.output


@pytest.mark.parametrize("version", ["", " ", "-", "v1\n", "a" * 64, "../v1", "v1 v2"])
def test_no_script_takes_what_is_no_name_of_a_release(version):
    script = WORKLOADS / "release-actions" / "record.py"
    done = subprocess.run([sys.executable, script, version], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, f"{version!r} is no name of a release\n")


def tool(name, *arguments):
    program = Path(sys.executable).with_name(name)
    return subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)


def test_github_s_schemas_and_the_auditor_have_nothing_to_say():
    repositories = [WORKLOADS / name for name in ("site", "shop", "release-actions")]
    workflows = [file for each in repositories for file in each.glob(".github/workflows/*.yml")]
    actions = [file for each in repositories for file in each.glob("*/action.yml")]
    assert (len(workflows), len(actions)) >= (5, 7)
    for schema, files in (("vendor.github-workflows", workflows), ("vendor.github-actions", actions)):
        done = tool("check-jsonschema", "--builtin-schema", schema, *files)
        assert done.returncode == 0, done.stdout + done.stderr
    done = tool("zizmor", "--offline", "--no-progress", "--strict-collection", *workflows, *actions)
    assert done.returncode == 0 and "No findings to report" in done.stdout + done.stderr, done.stdout

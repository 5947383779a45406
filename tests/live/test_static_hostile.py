"""Hostile requests and a fuzzer against the process of the GitHub Pages stand-in, with its tap before it."""

import io
import json
import socket
import subprocess
import tarfile
import time
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

from drills.static.github_pages import GitHubPages
from harness.probe.config import Traffic
from harness.probe.process import Probe
from tests.harness.probe.shop import eventually
from tests.live.hosted import SCRIPTS, team_on

GITHUB = SCRIPTS / "github"
PUSH, RELEASE = GITHUB / "deploy.sh", GITHUB / "release.sh"
GIGABYTE = 1024**3


@pytest.fixture
def team(tmp_path, request):
    with team_on(GitHubPages(source=request.param), tmp_path) as team:
        team.does(PUSH if request.param == "branch" else RELEASE, team.built("v1"))
        yield team


def on(*sources):
    return pytest.mark.parametrize("team", sources, indirect=True)


def known(team):
    return {"Authorization": f"Bearer {team.host.environment()['GITHUB_TOKEN']}"}


def first_line(url, request):
    """The first line of the answer to bytes that no HTTP library would send."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as client:
        client.sendall(request)
        return client.makefile("rb").readline().decode()


def pushed_tree(team, entries):
    """Push a commit of a tree that holds ``entries`` as they are; git's own checks of names are not asked."""
    clone = team.folder / "hostile"
    remote = "{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}.git".format(**team.host.environment())
    team.does("git", "clone", "--quiet", "--branch", "gh-pages", remote, clone)

    def git(*words, stdin):
        done = subprocess.run(["git", "-C", clone, *words], input=stdin, capture_output=True, check=True)
        return done.stdout.decode().strip()

    tree = b""
    for mode, name, content in sorted(entries, key=lambda each: each[1]):
        made = git("hash-object", "-w", "--stdin", stdin=content)
        tree += mode + b" " + name + b"\0" + bytes.fromhex(made)
    root = git("hash-object", "-w", "--literally", "-t", "tree", "--stdin", stdin=tree)
    commit = git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit-tree", root, "-p", "HEAD", stdin=b"x")
    return team.runs("git", "-C", clone, "push", "origin", f"{commit}:gh-pages")


@on("branch")
@pytest.mark.parametrize(
    "entry",
    [
        (b"120000", b"passwd.txt", b"/etc/passwd"),
        (b"100644", b"..", b"out"),
        (b"100644", b"../../out.html", b"out"),
        (b"100644", b"a\\..\\b.html", b"out"),
        (b"100644", b"_config.yml", b"a: " + b"[" * 5000),
    ],
    ids=["symlink", "parent", "path", "backslash", "nested"],
)
def test_a_push_of_what_is_no_site_leaves_the_old_one(team, entry):
    index = (b"100644", b"index.html", b'<html data-version="v2">')
    pushed = pushed_tree(team, [index, entry])
    assert (pushed.returncode, team.rules()) == (0, {"github-pages-build-apart"}), pushed.stderr
    assert team.served() == {"v1"}
    assert team.get("/passwd.txt").status_code == team.get("/out.html").status_code == 404
    assert list(team.folder.rglob("out.html")) == []
    team.does(PUSH, team.built("v3"))
    assert team.served() == {"v3"}


@on("branch")
def test_a_config_that_is_too_large_to_be_read_keeps_no_visitor_waiting(team):
    index = (b"100644", b"index.html", b'<html data-version="v2">')
    lines = b"".join(b"key%d: [a, b, {c: d}]\n" % number for number in range(60_000))
    config = (b"100644", b"_config.yml", lines)
    assert answers_during(team, lambda: pushed_tree(team, [index, config])) == []
    assert (team.served(), team.rules()) == ({"v1"}, {"github-pages-build-apart"})


@on("branch", "workflow")
def test_visitors_are_served_while_deploys_go_on_and_slow_clients_hang_about(team):
    slow = [socket.create_connection(("127.0.0.1", team.host.settings.api_port)) for _ in range(20)]
    for each in slow:
        each.sendall(b"POST /_actions/artifacts?title=v0 HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n{")
    script = PUSH if team.host.config.source == "branch" else RELEASE
    assert answers_during(team, lambda: team.does(script, team.built("v2"))) == []
    assert team.served() == {"v2"}
    for each in slow:
        each.close()


def answers_during(team, act):
    """Answers that were not as they must be, of 200 requests a second while ``act`` goes on, and 400 at least."""
    traffic = Traffic.model_validate(
        {"rate": 200, "requests": [{"name": "page", "get": "/", "expect": {"contains": "data-version"}}]}
    )
    probe = Probe.start(traffic, team.host.url, team.run.id, time.monotonic(), team.folder, team.run.environment())
    log = team.folder / "requests.jsonl"
    eventually(lambda: log.exists() and log.read_text().count("\n") > 50, "50 requests")
    act()
    eventually(lambda: log.read_text().count("\n") > 400, "400 requests")
    probe.stop(timeout=10.0)
    answers = [json.loads(line) for line in log.read_text().splitlines()]
    return [each for each in answers if not each["ok"]]


@on("workflow")
@pytest.mark.parametrize("path", ["/_actions/artifacts?title=v2", "/drill/storefront.git/git-receive-pack"])
def test_an_upload_that_says_a_gigabyte_is_refused_before_it_comes(team, path):
    token = known(team)["Authorization"]
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Length: {GIGABYTE}\r\n\r\n"
    before = team.state()
    for url in (team.host.environment()["GITHUB_API_URL"], team.host.settings.api_url):
        assert " 413 " in first_line(url, head.encode())
    assert (team.served(), team.state()) == ({"v1"}, before)


@on("workflow")
@pytest.mark.parametrize("path", ["/../../../../etc/passwd", "/..%2f..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd"])
def test_no_path_leads_a_visitor_or_a_client_out(team, path):
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {known(team)['Authorization']}\r\n\r\n".encode()
    for url in (team.host.url, team.host.environment()["GITHUB_API_URL"], team.host.settings.api_url):
        assert " 404 " in first_line(url, request)


@on("workflow")
def test_an_artefact_that_leads_out_is_not_deployed(team):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        entry = tarfile.TarInfo("../../out.html")
        entry.size = 3
        archive.addfile(entry, io.BytesIO(b"out"))
    api = team.host.environment()["GITHUB_API_URL"]
    uploaded = requests.post(
        f"{api}/_actions/artifacts?title=v2", packed.getvalue(), headers=known(team), timeout=20
    ).json()
    wanted = {"artifact_id": uploaded["id"], "pages_build_version": "abc"}
    refused = requests.post(
        f"{api}/repos/drill/storefront/pages/deployments", json=wanted, headers=known(team), timeout=20
    )
    assert (refused.status_code, team.served()) == (400, {"v1"})
    assert list(team.folder.rglob("out.html")) == list(team.host.root.rglob("out.html")) == []


@on("workflow")
def test_a_fuzzer_finds_no_error_of_the_server_and_changes_nothing_that_is_served(team):
    schema = schemathesis.openapi.from_url(f"{team.host.settings.api_url}/openapi.json")
    schema.config.update(base_url=team.host.environment()["GITHUB_API_URL"])
    statuses = []

    for found in schema.get_all_operations():
        operation = found.ok()
        made = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

        @settings(
            max_examples=30,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(made))
        def call(case):
            case.path_parameters.update({"owner": "drill", "name": "storefront"} if case.path_parameters else {})
            answer = case.call(headers=known(team))
            case.validate_response(answer, checks=[not_a_server_error])
            statuses.append(answer.status_code)

        call()
    assert len(statuses) >= 30 * 5
    assert {200, 404, 422} <= set(statuses), "it has come past the first check"
    assert team.served() == {"v1"}

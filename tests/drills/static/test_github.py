"""Rules of the GitHub Pages stand-in and hostile requests to it, without git and without the actions."""

import base64
import gzip
import io
import os
import random
import subprocess
import tarfile
import time
from contextlib import nullcontext

import pytest
from starlette.testclient import TestClient

from drills.static.github_repository import BuildFailed, Repository, _readable, left_out
from drills.static.server import build
from drills.static.store import Blob
from drills.static.vendor import StandInConfig
from harness.tap import RULE_HEADER

REPOSITORY = "/repos/drill/shop"
GIT = "/drill/shop.git"


class Host:
    """Its API and its site; the publishing source is the workflow."""

    def __init__(self, folder, plan="workflow", **more):
        folder.mkdir()
        config = StandInConfig(
            vendor="github-pages", site="shop", token="t", plan=plan, api_port=1, site_port=2, root=folder, **more
        )
        self.folder = folder
        app, sites = build(config)
        self.api = TestClient(app, headers={"Authorization": "Bearer t"})
        self.visitor = TestClient(sites)

    def upload(self, packed, title="v1", **query):
        return self.api.post("/_actions/artifacts", params={"title": title, **query}, content=packed)

    def deploy(self, run):
        body = {"artifact_id": run, "pages_build_version": "abc"}
        return self.api.post(f"{REPOSITORY}/pages/deployments", json=body)

    def artifacts(self, run):
        return self.api.get(f"{REPOSITORY}/actions/runs/{run}/artifacts")


def tar(*members, **files):
    """A tar file of ``files`` and of ``members`` that are no files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
        for member in members:
            archive.addfile(member)
    return packed.getvalue()


def odd(name, kind, target=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def rule(answer):
    return answer.headers.get(RULE_HEADER, "").partition(" ")[0]


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path / "host")


def test_an_artefact_is_served_once_it_is_deployed_and_can_be_deployed_again(host):
    first, second = (host.upload(tar(**{"./index.html": text}), text).json()["id"] for text in ("v1", "v2"))
    assert host.visitor.get("/").status_code == 404
    for run, page in ((first, "v1"), (second, "v2"), (first, "v1")):
        assert host.deploy(run).status_code == 200
        assert host.visitor.get("/").text == page
    titles = [each["display_title"] for each in host.api.get(f"{REPOSITORY}/actions/runs").json()["workflow_runs"]]
    assert titles == ["v2", "v1"]


def test_an_artefact_expires_after_its_days_and_the_site_that_it_made_stays(tmp_path, monkeypatch):
    host = Host(tmp_path / "host", day=10)
    short, long = (host.upload(tar(**{"index.html": "v1"}), retention_days=days).json()["id"] for days in (1, 3))
    host.deploy(short)
    now = time.time()
    for later, expired in ((9, [False, False]), (11, [True, False]), (31, [True, True])):
        monkeypatch.setattr("drills.static.github_api.time.time", lambda later=later: now + later)
        listed = [host.artifacts(run) for run in (short, long)]
        assert [each.json()["artifacts"][0]["expired"] for each in listed] == expired
        assert [rule(each) == "github-pages-artifact-retention" for each in listed] == expired
    refused = host.deploy(short)
    assert (refused.status_code, rule(refused)) == (404, "github-pages-expired-refused")
    assert host.visitor.get("/").text == "v1"
    left = host.api.get("/_drill/state").json()["deployments"]
    assert left == {"deployment-1": "succeed"}


@pytest.mark.parametrize(
    "packed",
    [
        b"no tar file",
        gzip.compress(tar(**{"index.html": "v1"}), mtime=0),
        tar(**{"../../etc/passwd": "x"}),
        tar(**{"a/../../b": "x"}),
        tar(**{"a\\b": "x"}),
        tar(odd("link", tarfile.SYMTYPE, "/etc/passwd")),
        tar(odd("link", tarfile.LNKTYPE, "index.html"), **{"index.html": "x"}),
        tar(odd("device", tarfile.CHRTYPE)),
        tar(odd("queue", tarfile.FIFOTYPE)),
        tar(**{"index.html": "x" * 2000})[:1000],
    ],
    ids=["noise", "gzip", "out", "out again", "backslash", "symlink", "hard link", "device", "queue", "torn"],
)
def test_an_artefact_that_is_no_site_is_refused_and_nothing_of_it_served(host, packed):
    host.deploy(host.upload(tar(**{"index.html": "v1"})).json()["id"])
    refused = host.deploy(host.upload(packed).json()["id"])
    assert (refused.status_code, set(refused.json())) == (400, {"message", "documentation_url", "status"})
    assert host.visitor.get("/").text == "v1"
    assert host.visitor.get("/link").status_code == host.visitor.get("/device").status_code == 404


BOMB = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12))


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("", False),
        ("# nothing", False),
        ("~", False),
        ("title: shop", False),
        (BOMB, False),
        ("title: a: b", True),
        ("- a", True),
        ("text", True),
        ("\0", True),
        ("a: " + "[" * 5000, True),
        ("a: *nobody", True),
        ("#" * 64 * 1024, False),
        ("#" * (64 * 1024 + 1), True),
    ],
    ids=lambda each: each[:12] if isinstance(each, str) else None,
)
def test_which_config_ends_the_build(tmp_path, text, fails):
    (tmp_path / "_config.yml").write_text(text)
    config = Blob(tmp_path / "_config.yml", size=len(text), sha1="", sha256="")
    with pytest.raises(BuildFailed) if fails else nullcontext():
        _readable(config)


def test_a_site_has_at_most_a_gigabyte(host, monkeypatch):
    monkeypatch.setattr("drills.static.github_repository.LARGEST_SITE", 10)
    refused = host.deploy(host.upload(tar(a="123456", b="123456")).json()["id"])
    assert (refused.status_code, refused.json()["message"]) == (400, "the site is larger than 1 GB")


def test_an_artefact_is_not_deployed_where_the_branch_is_the_source(tmp_path):
    host = Host(tmp_path / "host", plan="branch")
    refused = host.deploy(host.upload(tar(**{"index.html": "v1"})).json()["id"])
    assert (refused.status_code, rule(refused)) == (400, "github-pages-not-the-source")
    assert host.visitor.get("/").status_code == 404


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("/index.html", False),
        ("/assets/a_b.js", False),
        ("/_next/a.js", True),
        ("/a/_b/c.js", True),
        ("/.well-known/x", True),
        ("/#x", True),
        ("/x~", True),
        ("/node_modules/a.js", True),
        ("/vendor/a.js", True),
        ("/lib/vendor/a.js", False),
    ],
)
def test_what_jekyll_leaves_out(path, out):
    assert left_out(path) is out


GIT_PATHS = [
    ("GET", "/info/refs?service=git-receive-pack"),
    ("POST", "/git-upload-pack"),
    ("POST", "/git-receive-pack"),
]


@pytest.mark.parametrize(("method", "path"), GIT_PATHS)
@pytest.mark.parametrize("said", ["", "Basic", "Basic !!", "Basic eA==", "Bearer wrong", "Basic dDo="])
def test_git_gets_nothing_without_the_token_and_is_asked_for_it(host, method, path, said):
    answer = host.api.request(method, GIT + path, headers={"Authorization": said})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="GitHub"')


@pytest.mark.parametrize("said", ["Basic " + base64.b64encode(b"x-access-token:t").decode(), "Bearer t", "token t"])
def test_git_gets_in_with_the_token_in_each_form_that_github_takes(host, said):
    answer = host.api.get(f"{GIT}/info/refs?service=git-receive-pack", headers={"Authorization": said})
    assert (answer.status_code, answer.content[:31]) == (200, b"001f# service=git-receive-pack\n")


@pytest.mark.parametrize("service", ["git-upload-pack", "git-receive-pack"])
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", ""),
        (b"noise", ""),
        (b"ffff", ""),
        (b"0000" * 1000, ""),
        (b"noise", "gzip"),
        (gzip.compress(b"noise", mtime=0), "gzip"),
    ],
    ids=["nothing", "noise", "a length", "flushes", "no gzip", "gzip of noise"],
)
def test_what_git_cannot_read_is_no_error_of_the_server_and_makes_no_build(host, service, body, encoding):
    kind = {"Content-Type": f"application/x-{service}-request", "Content-Encoding": encoding}
    assert host.api.post(f"{GIT}/{service}", content=body, headers=kind).status_code < 500
    assert host.api.get(f"{REPOSITORY}/pages/builds").json() == []


@pytest.mark.parametrize(
    "path",
    [
        "/drill/shop.git/HEAD",
        "/drill/shop.git/config",
        "/drill/shop.git/objects/info/packs",
        "/drill/../drill/shop.git/config",
        "/drill/%2e%2e/shop.git/info/refs",
        "/other/shop.git/info/refs",
        "/drill/other.git/info/refs",
        f"{REPOSITORY}/pages/builds/latest",
        f"{REPOSITORY}/pages/deployments/none",
        f"{REPOSITORY}/actions/runs/7/artifacts",
        "/repos/other/shop/pages",
    ],
)
def test_what_is_not_there_is_not_found_in_githubs_words(host, path):
    answer = host.api.get(path)
    assert (answer.status_code, answer.json()["message"], answer.json()["status"]) == (404, "Not Found", "404")


@pytest.mark.parametrize("query", [{}, {"title": ""}, {"title": "v1", "retention_days": "91"}, {"title": "x" * 201}])
def test_an_upload_that_makes_no_sense_is_refused(host, query):
    answer = host.api.post("/_actions/artifacts", params=query, content=b"")
    assert (answer.status_code, set(answer.json())) == (422, {"message", "documentation_url", "status"})


def test_a_push_is_taken_only_up_to_the_largest_size_whatever_it_is_packed_to(tmp_path, monkeypatch):
    monkeypatch.setattr("drills.static.github_repository.LARGEST_FILE", 5000)
    Repository(tmp_path / "there.git", "drill")
    here = tmp_path / "here"
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(tmp_path)}

    def git(*words):
        return subprocess.run(["git", "-C", str(here), *words], env=env, capture_output=True, text=True, check=False)

    here.mkdir()
    git("init", "--initial-branch=gh-pages")
    outcomes = []
    for size in (100, 50_000):
        (here / "index.html").write_bytes(random.Random(1).randbytes(size))
        git("add", "--all")
        git("-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "--message", str(size))
        outcomes.append(git("push", str(tmp_path / "there.git"), "gh-pages"))
    assert [each.returncode for each in outcomes] == [0, 1]
    assert "exceeds maximum allowed size" in outcomes[1].stderr

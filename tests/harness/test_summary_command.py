"""``drill summary``, in process: what it writes where."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli.summary import summary_command
from harness.errors import EnvironmentProblem, UsageProblem
from harness.events import VerdictReached
from harness.model import Verdict
from tests.harness.runs import D3, Attempt, Drill

ROOT = Path(__file__).parents[2]


@pytest.fixture
def runs(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_WORKSPACE", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    Drill().write(tmp_path / "runs" / "2026-11-22T21-04-11Z-7f3a")
    Drill().write(tmp_path / "runs" / "2026-11-22T21-05-11Z-7f3b")
    return tmp_path / "runs"


def call(*arguments: object):
    return CliRunner().invoke(
        summary_command, [str(each) for each in arguments], catch_exceptions=False, standalone_mode=False
    )


def test_for_people_it_prints_pages(runs):
    assert call("last", "--runs", runs).output.count("# Rollback drill: ecs-bad-migration") == 1
    assert call(max(runs.iterdir())).output == call("last", "--runs", runs).output


def test_for_github_it_appends_to_the_step_s_files_and_prints_verdicts_first(runs, monkeypatch, tmp_path):
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
        (tmp_path / name).write_text("before\n")
    said = call("2026-11-22T21-04", "last", "--runs", runs, "--github").output.splitlines()
    assert ["path naive" in line for line in said] == [True, True, False, False]
    assert all(line.startswith("::error file=scenarios/ecs-bad-migration.yaml,line=") for line in said)
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary.startswith("before\n# Rollback drill")
    assert summary.count("```mermaid") == 2
    assert (tmp_path / "GITHUB_OUTPUT").read_text().startswith("before\nverdict<<")


def test_a_scenario_outside_of_the_workspace_is_named_without_a_place(runs, monkeypatch, tmp_path):
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    said = call("last", "--runs", runs, "--github").output
    assert said.startswith("::error title=ecs-bad-migration%2C path naive%3A ")


def test_outside_of_github_it_says_so(runs):
    with pytest.raises(UsageProblem, match="GITHUB_STEP_SUMMARY"):
        call("last", "--runs", runs, "--github")


class Api(BaseHTTPRequestHandler):
    """As much of GitHub's REST API as an issue needs; a stand-in: nothing here was run against GitHub."""

    asked: list[tuple[str, str, str | None, dict]]
    issues: list[dict]
    status = 201

    def do_GET(self):
        self.reply(200, self.issues)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, self.headers["Authorization"], body))
        if self.path.endswith("/issues") and self.status == 201:
            self.issues.append({"number": 7, "title": body["title"]})
        self.reply(self.status, {"html_url": "https://github.example/team/shop/issues/7"})

    def reply(self, status, content):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def api(runs, monkeypatch, tmp_path):
    handler = type("OneApi", (Api,), {"asked": [], "issues": [{"number": 6, "title": "something else"}]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = {
        "GITHUB_API_URL": f"http://127.0.0.1:{server.server_port}",
        "GITHUB_REPOSITORY": "team/shop",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "42",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    yield handler
    server.shutdown()
    server.server_close()


def test_a_run_that_did_not_pass_is_an_issue_and_the_next_one_a_comment(runs, api):
    said = call("2026-11-22T21-04", "last", "--runs", runs, "--github", "--open-issue").output
    assert said.count("https://github.example/team/shop/issues/7") == 2
    (path, token, issue), (again, _, comment) = api.asked
    assert (path, token) == ("/repos/team/shop/issues", "Bearer t0ken")
    assert (issue["title"], issue["labels"]) == ("Rollback drill: ecs-bad-migration, path naive", ["rollback-drill"])
    assert issue["body"].startswith("https://github.example/team/shop/actions/runs/42\n\n# Rollback drill: ")
    assert (again, list(comment)) == ("/repos/team/shop/issues/7/comments", ["body"])


def test_a_run_that_passed_is_no_issue(runs, api, tmp_path):
    Drill(extra=((54.4, VerdictReached(verdict=Verdict.PASSED, reasons=("fine",))),)).write(runs / "2027")
    assert call("2027", "--runs", runs, "--github", "--open-issue").output.startswith("::notice ")
    assert api.asked == []


def test_a_body_stays_below_what_github_takes_and_calls_nobody(runs, api):
    met = Attempt("r", "", False, (D3.model_copy(update={"why": "@team " + "x" * 70_000}),))
    Drill(attempts=[met]).write(runs / "2027")
    call("2027", "--runs", runs, "--github", "--open-issue")
    body = api.asked[0][2]["body"]
    assert len(body) <= 65_536
    assert "@\u2060team" in body
    assert "@team" not in body
    assert body.endswith("the rest is in `report.md` of this run.\n")


def test_a_refusal_says_what_the_job_needs(runs, api):
    api.status = 403
    with pytest.raises(EnvironmentProblem, match="403") as refused:
        call("last", "--runs", runs, "--github", "--open-issue")
    assert "issues: write" in refused.value.next_step
    assert "t0ken" not in str(refused.value)


def test_without_a_token_there_is_no_issue(runs, api, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "")
    with pytest.raises(UsageProblem, match="GITHUB_TOKEN"):
        call("last", "--runs", runs, "--github", "--open-issue")

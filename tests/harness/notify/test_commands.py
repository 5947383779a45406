"""`drill notify`, `drill gate` and `drill run` as they are typed: what arrives, and that nothing else changes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli import library
from harness.model import Verdict
from tests.receivers import PATIENCE, closed_port, ended, worker, workers

ROOT = Path(__file__).parents[3]
DRILL = str(Path(sys.executable).with_name("drill"))
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere", "DRILL_ENGINE": "external"}
ROLLBACK = ("--title", "Rollback to v1", "--field", "version=v1", "--field", "operator=kim", "--field")
REFUSED = f"json://127.0.0.1:{closed_port()}/token-swordfish"


def start(*arguments, **env):
    return subprocess.Popen(
        [DRILL, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **NO_ENGINE, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments, **env):
    """Exit code and output."""
    process = start(*arguments, **env)
    output = process.communicate(timeout=PATIENCE)[0]
    return process.returncode, output


def test_a_workflow_tells_slack_and_mail_version_operator_and_status(webhook, mailbox):
    urls = f"http://{webhook.address}/hook mailto://{mailbox.address}?from=a@example.org&to=b@example.org"
    assert run("notify", *ROLLBACK, "status=success", DRILL_NOTIFY=urls)[0] == 0
    assert webhook.text() == "Rollback to v1\nversion: v1\noperator: kim\nstatus: success"
    mail = mailbox.next()
    assert (mail["Subject"], mail.get_content().split()[-1]) == ("Rollback to v1", "success")


@pytest.mark.parametrize(("strict", "code"), [((), 0), (("--strict",), 4)])
@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ((REFUSED,), "not delivered to json://…: it was refused, or could not be reached"),
        (("nosuch://token-swordfish",), "not delivered to nosuch://…: Apprise knows no such URL"),
        ((), "nobody to tell"),
    ],
)
def test_an_undelivered_message_is_an_error_only_where_that_is_asked_for(urls, said, strict, code):
    done, output = run("notify", *ROLLBACK, "status=failure", *strict, *urls)
    assert (done, said in output, "swordfish" in output) == (code, True, False), output


def test_what_is_no_url_is_refused_and_not_shown():
    for arguments in (
        ("notify", *ROLLBACK, "status=x", "token-swordfish"),
        ("run", "shop", "--notify", "token-swordfish"),
    ):
        code, output = run(*arguments)
        assert (code, "expected a URL" in output, "swordfish" in output) == (3, True, False), output


def test_a_field_is_name_and_value():
    assert run("notify", "--title", "x", "--field", "version")[0] == 3


def test_a_secret_of_the_caller_is_in_no_message_not_even_a_part_of_it(webhook):
    secret, filling = "hunter2-hunter2", "x" * 295
    fields = ("--field", f"a={secret}", "--field", f"b={filling}{secret}")  # b is cut after 300 characters
    run("notify", "--title", secret, *fields, f"http://{webhook.address}/hook", DEPLOY_TOKEN=secret)
    assert webhook.text() == f"[redacted]\na: [redacted]\nb: {filling}[red…"


def test_ctrl_c_ends_a_message_that_hangs(webhook):
    process = start("notify", *ROLLBACK, "status=x", DRILL_NOTIFY=f"json://{webhook.address}/hang?rto=600")
    webhook.next()
    delivering = worker(process.pid)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    assert ended(delivering)
    process.stdout.close()


def gate(tmp_path, *arguments, **env):
    policy = tmp_path / "gate.yaml"
    policy.write_text("gate: 1\nrequire: [{scenario: ecs-bad-migration}]\n")
    return run("gate", "--policy", policy, "--runs", tmp_path / "runs", *arguments, **env)


def test_a_gate_tells_its_result_and_keeps_its_exit_code(webhook, tmp_path):
    code, output = gate(tmp_path, "--notify", f"http://{webhook.address}/hook", "--notify", REFUSED)
    assert code == 1
    assert webhook.text().splitlines()[0] == "NOT MET: rollback gate, 0 of 1 requirements are met"
    assert "not delivered to json://… (2 of 2)" in output


def test_a_gate_that_runs_drills_lets_them_tell_the_same_people(webhook, tmp_path):
    url, reports = f"http://{webhook.address}/hook", "https://ci.example/runs"
    assert gate(tmp_path, "--run", "--notify", url, "--report-url", reports)[0] == 1
    texts = [posted["text"] for _, posted in webhook.rest()]
    assert [text.split(":")[0] for text in texts] == ["STARTED", "ERROR", "NOT MET"]
    (folder,) = (tmp_path / "runs").glob("*/")
    assert texts[1].splitlines()[-1] == f"report: {reports}/{folder.name}/report.md"


def test_a_library_of_drills_tells_nobody(webhook, monkeypatch):
    monkeypatch.setenv("DRILL_NOTIFY", f"http://{webhook.address}/hook")
    for name, value in NO_ENGINE.items():
        monkeypatch.setenv(name, value)
    library._run(library.Row("ecs-bad-migration", "prepared", "", Verdict.PASSED))
    assert webhook.rest() == []


@pytest.fixture
def rehearse(tmp_path):
    """Run a drill that ends where it asks for a container engine."""

    def call(*arguments, **env):
        runs = tmp_path / "runs"
        code, output = run("run", "ecs-bad-migration", "--runs", runs, *arguments, **env)
        (folder,) = runs.glob("*/")
        return code, output, folder

    return call


def untold(folder):
    return [tuple(each.values()) for each in json.loads((folder / "run.json").read_text())["untold"]]


def test_a_run_tells_its_start_and_its_result_and_names_who_is_not_told(webhook, rehearse):
    code, output, folder = rehearse(DRILL_NOTIFY=f"http://{webhook.address}/hook {REFUSED} nosuch://token-swordfish")
    first, second = webhook.text().splitlines(), webhook.text().splitlines()
    assert (code, first[0]) == (4, "STARTED: rollback drill ecs-bad-migration, path naive")
    assert second[0] == "ERROR: rollback drill ecs-bad-migration, path naive"
    assert second[-1] == f"report: {folder / 'report.md'}"
    refused, unknown = "it was refused, or could not be reached", "Apprise knows no such URL"
    assert untold(folder) == [
        (what, to, reason)
        for what in ("started", "result")
        for to, reason in (("json://… (2 of 3)", refused), ("nosuch://… (3 of 3)", unknown))
    ]
    report = (folder / "report.md").read_text()
    assert f"- notification *result* not delivered to json://… (2 of 3): {refused}" in report
    assert "result delivered to http://… (1 of 3)" in output
    assert f"result not delivered to nosuch://… (3 of 3): {unknown}" in output
    files = [output, *(file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file())]
    assert not [text for text in files if "swordfish" in text]


def test_no_secret_is_told_and_that_of_a_target_is_masked_in_the_run(webhook, rehearse):
    secret, password = "hunter2-hunter2", "FileNotFoundError"  # what this run fails with
    me = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": secret}
    _, output, folder = rehearse("--notify", f"http://kim:{password}@{webhook.address}/x", DEPLOY_TOKEN=secret, **me)
    texts = [webhook.text(), webhook.text()]
    assert ["operator: [redacted]" in text for text in texts] == [True, True]
    assert not [text for text in (output, (folder / "run.json").read_text(), *texts) if password in text]


def test_a_defect_of_notifications_costs_neither_verdict_nor_report(rehearse, webhook, tmp_path):
    broken = tmp_path / "site"
    broken.mkdir()
    (broken / "sitecustomize.py").write_text(
        "import harness.notify.drills as told\n"
        "def fails(*_): raise RuntimeError('a defect')\n"
        "told.result = told.started = fails\n"
    )
    code, output, folder = rehearse("--notify", f"http://{webhook.address}/hook", PYTHONPATH=str(broken))
    assert (code, output.count("nobody was told: RuntimeError: a defect")) == (4, 2), output
    assert (folder / "report.md").is_file()


def test_one_that_hangs_does_not_stop_a_run_and_one_ctrl_c_changes_nothing(webhook, tmp_path):
    hang = f"json://{webhook.address}/hang?rto=600"
    process = start("run", "ecs-bad-migration", "--runs", tmp_path / "runs", DRILL_NOTIFY=hang)
    assert webhook.next()[1]["title"].startswith("STARTED")
    assert webhook.next()[1]["title"].startswith("ERROR")
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=PATIENCE)[0]
    (folder,) = (tmp_path / "runs").glob("*/")
    assert process.returncode == 4, output
    assert untold(folder) == [(what, "json://…", "no answer within 10 s") for what in ("started", "result")]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_stays_of_a_run_that_is_ended_while_it_tells(webhook, tmp_path, number):
    hang = f"json://{webhook.address}/hang?rto=600"
    process = start("run", "ecs-bad-migration", "--runs", tmp_path / "runs", DRILL_NOTIFY=hang)
    webhook.next()
    webhook.next()  # the result: the stack is gone, its report is not written
    delivering = workers(process.pid)
    process.send_signal(number)
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    assert [ended(each) for each in delivering] == [True] * len(delivering)
    assert delivering

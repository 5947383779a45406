"""Messages to receivers that take them, refuse them, are not there, or never answer."""

import signal
import subprocess
import sys

import psutil
import pytest

from harness.notify import delivery
from harness.notify.delivery import Delivery, Sending, Target
from harness.notify.message import message
from tests.receivers import closed_port, ended, worker, workers

MESSAGE = message("FAILED: rollback <drill>", [("verdict", "failed & late"), ("operator", "kim")], "failure")
BODY = "verdict: failed & late\noperator: kim"


def send(*urls, within=60.0):
    return Sending(MESSAGE, [Target(url) for url in urls], within).wait()


def test_a_plain_address_gets_what_slack_takes(webhook):
    sent = send(f"http://{webhook.address}/services/T0/B0/abc?sig=a%26b")
    assert sent == [Delivery("http://…")]
    assert webhook.next() == (
        "/services/T0/B0/abc?sig=a%26b",
        {"text": f"FAILED: rollback &lt;drill&gt;\n{BODY.replace('&', '&amp;')}"},
    )


def test_a_url_of_apprise_gets_what_apprise_makes_of_it(webhook):
    assert send(f"json://{webhook.address}/team") == [Delivery("json://…")]
    path, posted = webhook.next()
    assert (path, posted["title"], posted["message"], posted["type"]) == ("/team", MESSAGE.title, BODY, "failure")


def test_a_mail_has_the_title_as_subject_and_the_fields_as_text(mailbox):
    assert send(f"mailto://{mailbox.address}?from=drill@example.org&to=team@example.org") == [Delivery("mailto://…")]
    mail = mailbox.next()
    assert (mail["Subject"], mail["To"]) == ("FAILED: rollback <drill>", "team@example.org")
    assert mail.get_content().splitlines() == BODY.splitlines()
    assert [row["to"] for row in mailbox.rows] == ["team@example.org"]


def test_one_that_fails_costs_no_other(webhook):
    refused = f"json://127.0.0.1:{closed_port()}"
    sent = send(refused, f"json://{webhook.address}", "nosuch://token-swordfish", "token-swordfish")
    assert sent == [
        Delivery("json://… (1 of 4)", "it was refused, or could not be reached"),
        Delivery("json://… (2 of 4)"),
        Delivery("nosuch://… (3 of 4)", "Apprise knows no such URL"),
        Delivery("a target without a scheme (4 of 4)", "Apprise knows no such URL"),
    ]
    assert webhook.next()[1]["title"] == MESSAGE.title


@pytest.mark.parametrize("status", [403, 500, 307])
def test_an_answer_that_is_no_success_is_no_delivery_and_no_redirect_is_followed(webhook, status):
    webhook.status = status
    (sent,) = send(f"http://{webhook.address}/hook")
    assert sent.problem == "it was refused, or could not be reached"
    assert [path for path, _ in webhook.rest()] == ["/hook"]


def test_one_that_hangs_is_ended_with_its_process(webhook):
    sent = send(f"json://{webhook.address}/hang?rto=600", within=3.0)
    assert sent == [Delivery("json://…", "no answer within 3 s")]
    assert workers() == []


def test_a_process_that_does_not_even_begin_is_ended(tmp_path, monkeypatch):
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 600\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(delivery, "_BEGINNING", 0.0)
    before = set(psutil.Process().children())
    assert send("json://127.0.0.1:1", within=0.5) == [Delivery("json://…", "no answer within 0.5 s")]
    assert set(psutil.Process().children()) == before


def test_one_that_hangs_ends_itself_where_nobody_waits(webhook):
    sending = Sending(MESSAGE, [Target(f"json://{webhook.address}/hang?rto=600")], 4.0)
    assert ended(worker())
    assert sending.wait() == [Delivery("json://…", "no answer within 4 s")]


CALLER = """
import sys
from harness.notify.delivery import Sending, Target
from harness.notify.message import message
from tests.receivers import closed_port, ended, worker, workers
Sending(message("title", []), [Target(sys.stdin.readline().strip())], 600.0).wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_stays_of_a_caller_that_is_ended(webhook, number):
    caller = subprocess.Popen([sys.executable, "-c", CALLER], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    caller.stdin.write(f"json://{webhook.address}/hang?rto=600\n".encode())
    caller.stdin.close()
    webhook.next()
    process = worker(caller.pid)
    caller.send_signal(number)
    caller.wait(60)
    assert ended(process)


def test_no_list_of_processes_and_no_environment_shows_a_url(webhook, monkeypatch):
    url = f"json://kim:password-swordfish@{webhook.address}/hang?rto=600"
    monkeypatch.setenv("DRILL_NOTIFY", url)
    sending = Sending(MESSAGE, [Target(url)], 3.0)
    process = worker()
    shown = [*process.cmdline(), *process.environ().values(), repr(Target(url)), sending.wait()[0].to]
    assert not [each for each in shown if "swordfish" in each]


def test_a_host_that_starts_no_process_is_a_target_that_is_not_told(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert send("json://127.0.0.1:1") == [Delivery("json://…", "its process did not start: No such file or directory")]


def test_a_folder_named_like_the_library_is_not_what_is_loaded(webhook, tmp_path, monkeypatch):
    (tmp_path / "apprise.py").write_text("raise SystemExit(0)")
    monkeypatch.chdir(tmp_path)
    assert send(f"json://{webhook.address}") == [Delivery("json://…")]
    assert webhook.next()[1]["title"] == MESSAGE.title


def test_an_empty_body_is_a_title(webhook):
    targets = [Target(f"{scheme}://{webhook.address}") for scheme in ("http", "json")]
    Sending(message("Rollback started", []), targets, 60.0).wait()
    said = [posted.get("text") or posted["message"] for _, posted in webhook.rest()]
    assert said == ["Rollback started", "Rollback started"]


def test_the_secrets_of_a_url_are_known_to_redactors():
    url = "mailtos://kim:pass%2Fword@mail.example"
    assert Target(url).secrets == (url, "pass%2Fword", "pass/word")
    assert Target("json://[broken").secrets == ("json://[broken", "", "")


def test_a_signal_while_it_waits_leaves_no_process(webhook):
    sending = Sending(MESSAGE, [Target(f"json://{webhook.address}/hang?rto=600")], 600.0)
    webhook.next()
    process = worker()

    def stop(*_):
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            sending.wait()
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert not process.is_running()

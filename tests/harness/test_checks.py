"""The checks that need no stack to be proven: the team's own smoke command, and residue."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psutil
import pytest

from harness.checks.command import CommandCheck
from harness.checks.http import HttpCheck
from harness.checks.residue import ResidueCheck
from harness.errors import UsageProblem
from harness.model import Outcome, ResidueClass
from harness.redact import Redactor
from harness.spi import Bench, Run, Scope

SCOPE = Scope({"stack": {"url": "http://127.0.0.1:1"}, "target": {"version": "v1"}})


class Stack:
    """A platform whose state is a dictionary; files are harmless, everything else is its own opinion's absence."""

    entry_url = "http://127.0.0.1:1"

    def __init__(self):
        self.layers = {"schema": {"orders.total": "integer"}, "files": {"a.tmp": "1"}}

    def environment(self):
        return {"STACK_URL": self.entry_url}

    def snapshot(self):
        return {name: dict(rows) for name, rows in self.layers.items()}

    def classify(self, layer, key, before, after):
        return ResidueClass.HARMLESS if layer == "files" else None


@pytest.fixture
def bench(tmp_path):
    redactor = Redactor()
    redactor.add("s3cr3t-value")
    run = Run(
        id="r1",
        folder=tmp_path / "run",
        scratch=tmp_path,
        timeline=None,
        ledger=None,
        redactor=redactor,
        images=None,
        containers=None,
        taps=None,
    )
    return Bench(run, Stack(), {}, tmp_path, {"TOKEN": "s3cr3t-value"})


def script(tmp_path, text):
    file = tmp_path / "smoke.sh"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return CommandCheck(run=["./smoke.sh", "{{ target.version }}"], timeout=5)


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, Outcome.PASS), (1, Outcome.FAIL), (3, Outcome.UNKNOWN), (126, Outcome.FAIL)]
)
def test_the_exit_code_of_the_smoke_command_is_the_answer(bench, tmp_path, code, outcome):
    result = script(tmp_path, f"exit {code}").ask(bench, SCOPE)
    assert (result.outcome, result.seen) == (outcome, f"exit {code}")


def test_its_last_lines_are_the_evidence_and_secrets_are_masked(bench, tmp_path):
    result = script(tmp_path, 'seq 1 9; echo "version $1 at $STACK_URL with $TOKEN"; exit 1').ask(bench, SCOPE)
    assert result.evidence == ("6", "7", "8", "9", "version v1 at http://127.0.0.1:1 with [redacted]")


def test_a_value_stays_one_argument(bench, tmp_path):
    hostile = Scope({"target": {"version": "v1; touch broken $(id)"}})
    result = script(tmp_path, 'echo "$# $1"; exit 1').ask(bench, hostile)
    assert result.evidence == ("1 v1; touch broken $(id)",)
    assert not (tmp_path / "broken").exists()


def test_a_smoke_command_that_hangs_has_failed_and_is_gone(bench, tmp_path):
    check = script(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600").model_copy(update={"timeout": 0.5})
    result = check.ask(bench, SCOPE)
    assert (result.outcome, result.seen) == (Outcome.FAIL, "no end within 0.5 s")
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_a_smoke_command_that_cannot_start_is_no_answer(bench, tmp_path):
    result = CommandCheck(run=["./missing.sh"]).ask(bench, SCOPE)
    assert result.outcome is Outcome.UNKNOWN
    assert "missing.sh" in result.seen and "No such file" in result.seen


def test_it_leaves_no_file_and_sees_nothing_of_the_callers_environment(bench, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of-the-caller")
    before = set(tmp_path.iterdir())
    code = "import os, sys; sys.exit(int('AWS_SECRET_ACCESS_KEY' in os.environ))"
    assert CommandCheck(run=[sys.executable, "-c", code]).ask(bench, SCOPE).outcome is Outcome.PASS
    assert set(tmp_path.iterdir()) == before


def test_preflight_asks_for_a_program_that_is_not_the_scenarios_own():
    assert [need.name for need in CommandCheck(run="curl -f {{ stack.url }}").needs()] == ["curl"]
    assert CommandCheck(run="./smoke.sh").needs() == ()


def test_an_undefined_name_is_the_users_mistake(bench):
    with pytest.raises(UsageProblem, match="nobody"):
        CommandCheck(run=["true", "{{ nobody }}"]).ask(bench, SCOPE)


def at_s0(bench):
    return Bench(bench.run, bench.platform, {}, bench.workdir, {}, s0=bench.platform.snapshot())


def test_before_s0_the_state_itself_is_the_reference(bench):
    assert ResidueCheck().ask(bench, SCOPE).seen == "S0 is not taken yet"


def test_a_state_that_is_back_passes(bench):
    assert ResidueCheck().ask(at_s0(bench), SCOPE).outcome is Outcome.PASS


def test_what_is_not_back_is_named_with_before_after_and_class(bench):
    bench = at_s0(bench)
    bench.platform.layers["schema"] = {"orders.amount": "integer"}
    result = ResidueCheck().ask(bench, SCOPE)
    assert (result.outcome, result.seen) == (Outcome.FAIL, "schema: orders.amount, schema: orders.total")
    assert result.evidence[1] == "schema: orders.total: integer → absent (breaks the old release)"


def test_harmless_rows_pass_unless_nothing_is_allowed(bench):
    bench = at_s0(bench)
    bench.platform.layers["files"]["b.tmp"] = "1"
    assert ResidueCheck().ask(bench, SCOPE).outcome is Outcome.PASS
    assert ResidueCheck(allow=()).ask(bench, SCOPE).outcome is Outcome.FAIL


def test_only_the_named_layers_are_looked_at_and_an_unknown_one_is_no_answer(bench):
    bench = at_s0(bench)
    bench.platform.layers["schema"].clear()
    assert ResidueCheck(layers=["files"]).ask(bench, SCOPE).outcome is Outcome.PASS
    result = ResidueCheck(layers=["shema"]).ask(bench, SCOPE)
    assert result.outcome is Outcome.UNKNOWN
    assert result.seen == "S0 has no layer shema (it has files, schema)"


def test_an_answer_that_is_the_same_each_time_is_told_in_the_same_words(bench):
    class Empty(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        threading.Thread(target=server.serve_forever).start()
        bench.platform.entry_url = f"http://127.0.0.1:{server.server_port}"
        bench.platform.logs = lambda containing: []
        check = HttpCheck(post="/notes", json={"ref": "{{ key }}"}, expect={"contains": '"ref":"{{ key }}"'})
        seen = {check.ask(bench, SCOPE.plus(key="k")).seen for _ in range(2)}
        server.shutdown()
    assert seen == {"""body: expected '"ref":"{{ key }}"'"""}

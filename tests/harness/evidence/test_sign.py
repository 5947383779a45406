"""Signing: what a statement says, which keys sign, and what is refused."""

import base64
import json
import stat

import pytest
from in_toto_attestation.v1.statement import STATEMENT_TYPE_URI

from harness.events import VerdictReached
from harness.evidence.envelope import ATTESTATION_FILE, PAYLOAD_TYPE
from harness.ledger import Ledger, RunLock, Undo
from harness.model import Verdict
from harness.report import write_report
from tests.harness.evidence.conftest import IMAGE, RUN, run
from tests.harness.runs import Attempt, Drill


def statement(folder):
    envelope = json.loads((folder / ATTESTATION_FILE).read_text())
    assert envelope["payloadType"] == PAYLOAD_TYPE
    return json.loads(base64.b64decode(envelope["payload"]))


def test_what_openssl_made_signs_and_verifies(drill, folder, any_key):
    assert drill("sign", "--key", any_key)[0] == 0
    code, said = drill("verify", "--key", f"{any_key}.pub")
    assert (code, "as it was signed" in said, "verdict passed" in said) == (0, True, True)


def test_the_statement_names_files_images_scenario_facts_and_result(signed):
    said = statement(signed)
    assert said["_type"] == STATEMENT_TYPE_URI
    assert said["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    subjects = {each["name"]: each for each in said["subject"]}
    files = {file.name for file in signed.iterdir()} - {ATTESTATION_FILE}
    assert set(subjects) == files | {"shop:v1"}, "a release without a digest is no subject"
    assert subjects["shop:v1"]["digest"] == {"sha256": IMAGE}
    told = subjects["run.json"]["annotations"]
    assert (told["operator"], told["verdict"], told["recovery_time_s"], told["run"]) == ("kim", "passed", "22.000", RUN)
    configuration = {each["name"]: each for each in said["predicate"]["configuration"]}
    assert configuration["PostgreSQL"]["annotations"] == {"value": "15.12", "simulated": False}
    assert configuration["ECS control plane"]["annotations"]["simulated"] is True
    assert "ecs-bad-migration.yaml" in configuration


CLEAN = {"expected": "clean", "declared": (), "attempts": [Attempt("previous task definition", "rollback", True)]}


@pytest.mark.parametrize(
    "drilled, verdict, result, failed, warned",
    [
        (Drill(), Verdict.PASSED, "WARNED", [], ["finding D3"]),
        (Drill(**CLEAN), Verdict.PASSED, "PASSED", [], []),
        (Drill(rto=1.0), Verdict.FAILED, "FAILED", ["budget recovery time", "finding D3"], []),
        (Drill(lost=None), Verdict.INCONCLUSIVE, "FAILED", ["finding D3"], ["budget writes lost"]),
    ],
)
def test_only_what_was_proven_is_passed(tmp_path, key, drilled, verdict, result, failed, warned):
    drilled.extra = ((54.05, VerdictReached(verdict=verdict, reasons=("because",))),)
    folder = drilled.write(tmp_path / "runs" / RUN)
    write_report(folder)
    assert run("sign", "last", "--key", key, "--runs", folder.parent)[0] == 0
    said = statement(folder)["predicate"]
    assert (said["result"], said.get("failedTests", []), said.get("warnedTests", [])) == (result, failed, warned)


def test_a_new_key_is_private_and_never_overwritten(tmp_path, folder):
    file = tmp_path / "new.pem"
    words = ["sign", "last", "--new-key", file, "--runs", folder.parent]
    assert run(*words)[0] == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert run("verify", "last", "--key", f"{file}.pub", "--runs", folder.parent)[0] == 0
    before = file.read_bytes()
    code, said = run(*words)
    assert (code, "is there already" in said, file.read_bytes()) == (3, True, before)


def test_the_key_may_come_by_environment(drill, key, monkeypatch):
    assert (drill("sign")[0], "DRILL_SIGNING_KEY" in drill("sign")[1]) == (3, True)
    monkeypatch.setenv("DRILL_SIGNING_KEY", str(key))
    assert drill("sign")[0] == 0


@pytest.mark.parametrize(
    "spoil, message",
    [
        (lambda key, folder: key.chmod(0o640) or key, "chmod 600"),
        (lambda key, folder: key.rename(folder / "key"), "lies in the folder of the runs"),
        (lambda key, folder: key.with_name("key.pub").chmod(0o600) or key.with_name("key.pub"), "no private key"),
        (lambda key, folder: key.with_name("nowhere"), "No such file"),
        (lambda key, folder: folder, "is a directory"),
    ],
)
def test_a_key_that_cannot_sign_is_refused_with_the_reason(drill, key, folder, spoil, message):
    code, said = drill("sign", "--key", spoil(key, folder))
    assert (code, message in said) == (3, True), said
    assert not (folder / ATTESTATION_FILE).exists()


def test_a_private_key_is_not_taken_for_a_public_one(drill, signed, key):
    code, said = drill("verify", "--key", key)
    assert (code, "is a private key" in said) == (3, True)


def test_a_run_that_goes_on_is_not_signed(drill, key, folder):
    lock = RunLock(folder)
    assert (drill("sign", "--key", key)[0], "still going on" in drill("sign", "--key", key)[1]) == (3, True)
    lock.release()
    assert drill("sign", "--key", key)[0] == 0


def test_a_run_that_left_something_behind_is_not_signed(drill, key, folder):
    ledger = Ledger(folder)
    entry = ledger.plan(Undo(kind="path", what="a folder", params={"path": "/tmp/lab/none"}))
    assert "`drill reap`" in drill("sign", "--key", key)[1]
    ledger.done(entry)
    ledger.close()
    assert drill("sign", "--key", key)[0] == 0


def test_what_its_timeline_does_not_say_is_not_signed(drill, key, folder):
    file = folder / "report.md"
    file.write_text(file.read_text().replace("PASSED", "FAILED"))
    code, said = drill("sign", "--key", key)
    assert (code, "report.md: line 1" in said) == (3, True)


def test_rendering_a_signed_run_again_changes_nothing(drill, signed, key):
    assert drill("report")[0] == 0
    assert drill("verify", "--key", f"{key}.pub")[0] == 0

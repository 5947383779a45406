"""Verifying: what was changed is named, and a hostile envelope gets nowhere."""

import base64
import json
import os

import pytest

from harness.evidence import envelope
from harness.evidence.envelope import ATTESTATION_FILE, PAYLOAD_TYPE, sealed
from harness.evidence.keys import private_key
from tests.harness.evidence.conftest import RUN


def swap(old, new):
    def change(file):
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return change


def append(text):
    return lambda file: file.write_text(file.read_text() + text)


def linked(file):
    outside = file.parent.parent / "outside"
    file.rename(outside)
    file.symlink_to(outside)


def piped(file):
    file.unlink()
    os.mkfifo(file)


EDITS = {
    "verdict": ("run.json", swap('"verdict": "passed"', '"verdict": "failed"'),
                ["run.json: changed", 'run.json: verdict is "failed", the timeline says "passed"']),
    "recovery": ("run.json", swap('"duration": 22.0', '"duration": 2.0'),
                 ['outage.duration is 2.0, the timeline says 22.0']),
    "deep": ("run.json", swap('"mode": "D3"', '"mode": "D4"'), ['findings[0].mode is "D4"']),
    "layout": ("run.json", append("\n"), ["run.json: written in another way"]),
    "no JSON": ("run.json", append("}"), ["run.json: it is no JSON"]),
    "page": ("report.md", swap("PASSED", "FAILED"), ["report.md: changed", "report.md: line 1 is", "FAILED"]),
    "junit": ("junit.xml", swap("22.000", "2.000"), ["junit.xml: changed", "junit.xml: line"]),
    "chart": ("outage.svg", swap("<svg", "<svg "), ["outage.svg: changed"]),
    "timeline": ("timeline.jsonl", append('{"at":1.0,"kind":"noted","text":"x"}\n'), ["timeline.jsonl: changed"]),
    "requests": ("requests.jsonl", swap('"status":500', '"status":200'), ["requests.jsonl: changed"]),
    "snapshot": ("S0.json", swap("integer", "bigint"), ["S0.json: changed"]),
    "removed": ("junit.xml", lambda file: file.unlink(), ["junit.xml: missing"]),
    "added": ("more.txt", lambda file: file.write_text("x"), ["more.txt: added after it was signed"]),
    "hidden": ("a\nb\x1b[2J", lambda file: file.write_text("x"), ["a b [2J: added"]),
    "linked": ("report.md", linked, ["report.md: changed, it is no regular file"]),
    "a pipe": ("timeline.jsonl", piped, ["timeline.jsonl: changed, it is no regular file"]),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_what_was_changed_is_named(drill, signed, key, name):
    file, edit, expected = EDITS[name]
    edit(signed / file)
    code, said = drill("verify", "--key", f"{key}.pub")
    assert code == 1
    assert [each for each in expected if each not in said] == [], said
    named = {line.split(":")[0].strip() for line in said.splitlines() if "changed" in line or "missing" in line}
    assert len(named) <= 2, f"more was named than was changed: {said}"


def test_with_the_timeline_edited_too_the_statement_still_tells_the_verdict(drill, signed, key):
    EDITS["timeline"][1](signed / "timeline.jsonl")
    EDITS["verdict"][1](signed / "run.json")
    said = drill("verify", "--key", f"{key}.pub")[1]
    assert "run.json: verdict is failed, signed was passed" in said


def test_for_machines(drill, signed, key):
    swap("PASSED", "FAILED")(signed / "report.md")
    (answer,) = json.loads(drill("verify", "--key", f"{key}.pub", "--json")[1])
    assert (answer["run"], answer["problems"][0], answer["told"]["verdict"]) == (RUN, "report.md: changed", "passed")


def test_another_runs_evidence_under_this_name(drill, signed, key):
    signed.rename(signed.with_name("2027-01-01T00-00-00Z-0000"))
    code, said = drill("verify", "--key", f"{key}.pub")
    assert (code, f"signed was run {RUN}" in said) == (1, True)


def test_a_second_key_may_be_the_right_one(drill, signed, key, other_key):
    assert drill("verify", "--key", f"{other_key}.pub", "--key", f"{key}.pub")[0] == 0


def test_the_key_id_of_an_envelope_is_only_a_hint(drill, signed, key):
    change(signed, lambda held: held["signatures"][0].update(keyid=""))
    assert drill("verify", "--key", f"{key}.pub")[0] == 0


def change(folder, how):
    file = folder / ATTESTATION_FILE
    held = json.loads(file.read_text())
    file.write_text(json.dumps(how(held) or held))


def payload(held, how):
    said = json.loads(base64.b64decode(held["payload"]))
    how(said)
    held["payload"] = base64.b64encode(json.dumps(said).encode()).decode()


HOSTILE = {
    "removed": (lambda f: (f / ATTESTATION_FILE).unlink(), "this run is not signed"),
    "empty": (lambda f: (f / ATTESTATION_FILE).write_text(""), "no DSSE envelope"),
    "no JSON": (lambda f: (f / ATTESTATION_FILE).write_text("{"), "no DSSE envelope"),
    "a list": (lambda f: (f / ATTESTATION_FILE).write_text("[]"), "no DSSE envelope"),
    "deep": (lambda f: (f / ATTESTATION_FILE).write_text("[" * 100_000), "no DSSE envelope"),
    "huge": (lambda f: (f / ATTESTATION_FILE).write_bytes(b" " * (envelope.LONGEST + 1)), "longer than"),
    "a link": (lambda f: linked(f / ATTESTATION_FILE), "no regular file"),
    "a pipe": (lambda f: piped(f / ATTESTATION_FILE), "no regular file"),
    "no base64": (lambda f: change(f, lambda held: held.update(payload="é!")), "no DSSE envelope"),
    "wrong types": (lambda f: change(f, lambda held: held.update(signatures=[{"sig": 1}])), "no DSSE envelope"),
    "no signature": (lambda f: change(f, lambda held: held.update(signatures=[])), "it has no signature"),
    "twice": (lambda f: change(f, lambda held: held.update(signatures=held["signatures"] * 2)), "Multiple signatures"),
    "another type": (lambda f: change(f, lambda held: held.update(payloadType="text/plain")), "its payload type is"),
    "forged": (
        lambda f: change(f, lambda held: payload(held, lambda said: said["predicate"].update(result="PASSED"))),
        "forged or edited",
    ),
    "other signature": (
        lambda f: change(f, lambda held: held["signatures"][0].update(sig=base64.b64encode(b"x" * 64).decode())),
        "forged or edited",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_every_way_of_not_being_signed_has_its_message(drill, signed, key, name):
    spoil, message = HOSTILE[name]
    spoil(signed)
    code, said = drill("verify", "--key", f"{key}.pub")
    assert (code, message in said, "not proven to be signed" in said) == (1, True, True), said


def test_another_key(drill, signed, other_key):
    code, said = drill("verify", "--key", f"{other_key}.pub")
    assert (code, "signed with another key" in said) == (1, True)


SIGNED_NONSENSE = {
    "no statement": (b"{}", "no in-toto statement"),
    "no JSON": (b"\xff", "no in-toto statement"),
    "deep": (b'{"a":' * 5000, "no in-toto statement"),
    "another predicate": (
        b'{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"a","digest":{"sha256":"b"}}],'
        b'"predicateType":"https://slsa.dev/provenance/v1","predicate":{"a":1}}',
        "it is about",
    ),
}


@pytest.mark.parametrize("name", SIGNED_NONSENSE)
def test_a_good_signature_does_not_make_a_statement(drill, folder, key, name):
    text, message = SIGNED_NONSENSE[name]
    (folder / ATTESTATION_FILE).write_text(sealed(text, private_key(key, folder)))
    code, said = drill("verify", "--key", f"{key}.pub")
    assert (code, message in said) == (1, True), said


def test_paths_of_a_statement_are_never_opened(drill, signed, key, tmp_path):
    secret = tmp_path / "secret"
    os.mkfifo(secret)  # opening it would block
    held = json.loads((signed / ATTESTATION_FILE).read_text())
    said = json.loads(base64.b64decode(held["payload"]))
    for name in ("../../secret", str(secret), "a/../../../secret"):
        said["subject"].append({"name": name, "digest": {"sha256": "0" * 64}})
    (signed / ATTESTATION_FILE).write_text(sealed(json.dumps(said).encode(), private_key(key, signed)))
    code, told = drill("verify", "--key", f"{key}.pub")
    assert (code, "../../secret: missing" in told, f"{secret}: missing" in told) == (1, True, True)


def test_the_type_is_part_of_what_is_signed(signed, key):
    signer = private_key(key, signed)
    held = json.loads(sealed(b"{}", signer))
    assert held["payloadType"] == PAYLOAD_TYPE
    with pytest.raises(envelope.Unproven, match="payload type"):
        envelope.opened(json.dumps({**held, "payloadType": "x"}).encode(), [signer.public_key])


def test_without_a_key_it_says_that_nothing_was_proven(drill, signed):
    code, said = drill("verify")
    assert (code, "no signature was checked" in said, "claims to be signed" in said) == (0, True, True)


UNSIGNED = {
    name: EDITS[name] for name in ("verdict", "recovery", "page", "junit", "chart", "removed")
} | {
    "history": ("run.json", swap('"verdict": "passed"', '"verdict": "failed"'), ["that the history of", "(passed)"]),
    "verdict of the timeline": ("timeline.jsonl", swap('"verdict":"passed"', '"verdict":"failed"'),
                                ["the verdict is failed, what was measured says passed"]),
    "requests": ("requests.jsonl", swap('"ok":false', '"ok":true'), ["run.json: "]),
    "no timeline": ("timeline.jsonl", lambda file: file.write_text("no"), ["nothing can be made of it"]),
    "a pipe": ("requests.jsonl", piped, ["requests.jsonl: no regular file"]),
    "elsewhere": ("timeline.jsonl", swap('"S0.json"', '"/dev/zero"'), ["run.json: compared"]),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSIGNED)
def test_without_a_key_a_run_that_contradicts_itself_is_told(drill, folder, name):
    file, edit, expected = UNSIGNED[name]
    edit(folder / file)
    code, said = drill("verify")
    expected = [each for each in expected if not each.endswith(": changed")]
    assert (code, [each for each in expected if each not in said]) == (1, []), said

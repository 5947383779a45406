"""A whole drill that tells Slack's webhook and a mail server, beside receivers that refuse or never answer."""

import pytest

from tests import receivers
from tests.live.conftest import SHORT
from tests.live.test_lambda import NO_ENGINE


@pytest.fixture
def receiving():
    with receivers.webhook() as webhook, receivers.mailbox() as mailbox:
        yield webhook, mailbox


def test_chat_and_mail_get_version_operator_verdict_and_recovery_time_and_the_verdict_is_the_drills(start, receiving):
    webhook, mailbox = receiving
    urls = (
        f"http://{webhook.address}/services/T0/B0/token-swordfish",
        f"mailto://{mailbox.address}?from=drill@example.org&to=team@example.org",
        f"json://127.0.0.1:{receivers.closed_port()}/token-swordfish",
        f"json://{webhook.address}/hang?rto=600&token=token-swordfish",
    )
    drill = start("lambda-pruned-version", *SHORT, env={**NO_ENGINE, "DRILL_NOTIFY": " ".join(urls)})
    assert drill.end() == 0, drill.output
    record = drill.record
    recovery = next(each["value"] for each in record["metrics"] if each["name"] == "recovery time")
    texts = [posted["text"] for path, posted in webhook.rest() if "hang" not in path]
    assert [text.splitlines()[0].split(":")[0] for text in texts] == ["STARTED", "PASSED"]
    mails = [mailbox.next(), mailbox.next()]
    assert mails[1]["Subject"] == "PASSED: rollback drill lambda-pruned-version, path naive"
    for told in (texts[1].splitlines()[1:], mails[1].get_content().splitlines()):
        fields = dict(line.split(": ", 1) for line in told)
        assert fields["verdict"].startswith("passed: ")
        assert (fields["version"], fields["operator"]) == ("good v1, bad v2", record["operator"])
        assert float(fields["recovery time"].split(" s, budget ")[0]) == pytest.approx(recovery, abs=0.06)
        assert fields["first finding"].startswith("L4 ")
        assert fields["report"] == str(drill.folder / "report.md")
    assert {(each["message"], each["to"]) for each in record["untold"]} == {
        (message, f"json://… ({number} of 4)") for message in ("started", "result") for number in (3, 4)
    }
    files = [file.read_text(errors="replace") for file in drill.folder.rglob("*") if file.is_file()]
    assert not [text for text in (*files, drill.output, *texts) if "swordfish" in text]
    assert drill.gone() == []

"""What left the stack is counted exactly: the record says what its receivers have written down."""

from collections import Counter

import requests

from harness.containers import engine_client
from harness.events import PhaseStarted
from tests.live.conftest import SHORT

S0_PERIOD, PERIOD = "2026-10", "2026-11"


def records(drill, service, path):
    """What the receiver itself has written down."""
    container = engine_client().containers.get(f"drill-{drill.folder.name}-{service}")
    (network,) = container.attrs["NetworkSettings"]["Networks"].values()
    with requests.Session() as session:
        session.trust_env = False
        return session.get(f"http://{network['IPAddress']}:8080{path}", timeout=10).json()


def again(rows):
    return sum(count - 1 for count in Counter(rows).values())


def test_mail_and_charges_are_counted_as_their_receivers_have_them(start):
    drill = start("state-batch-twice", *SHORT)
    drill.until(  # the batch is over, its receivers still run
        lambda: any(
            isinstance(each, PhaseStarted) and (each.phase, each.attempt) == ("verify", 2) for each in drill.events()
        ),
        "the check of the remedy",
        timeout=240,
    )
    mails, charges = records(drill, "mail", "/messages"), records(drill, "payments", "/charges")
    assert drill.end() == 0, drill.output

    assert drill.record["effects"]["unknown"] == []
    counted = {kind: [] for kind in ("mail", "charge")}
    for each in drill.record["effects"]["effects"]:
        counted[each["kind"]].append(each)
    received = {
        "mail": [(each["subject"], each["to"], each["release"]) for each in mails],
        "charge": [(each["reference"], each["card"], each["release"]) for each in charges],
    }
    for kind, rows in received.items():
        assert len([row for row in rows if row[0].endswith(S0_PERIOD)]) == 60
        since = [row for row in rows if row[0].endswith(PERIOD)]
        assert [(each["key"], each["to"], each["release"]) for each in counted[kind]] == since
        assert sum(each["duplicate"] for each in counted[kind]) == again(row[:2] for row in since)
    # 40 of 60 orders are no vouchers; the first voucher was charged before its receipt failed.
    assert [again((each["key"], each["to"]) for each in counted[kind]) for kind in ("mail", "charge")] == [40, 41]
    refund = drill.record["attempts"][1]["steps"][0]["costs"]
    assert refund == [
        {"what": "charges refunded", "count": 41},
        {"what": "mails that stay sent twice", "count": 40},
    ]
    assert "| mail | v1-billing | 60 |" in drill.report and "| charge | v1-billing | 60 |" in drill.report

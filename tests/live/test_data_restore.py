"""Point-in-time recovery: what a restore throws away is counted exactly, by the probe's own log."""

import re

from harness.probe.samples import read_samples
from tests.live.conftest import SHORT


def test_orders_that_a_restore_threw_away_are_counted_and_brought_back(start):
    drill = start("data-restore-over-live", *SHORT)
    assert drill.end() == 0, drill.output
    record = drill.record
    assert [each["mode"] for each in record["findings"]] == ["D8"]
    overwritten, brought = record["attempts"]
    assert [overwritten["recovered"], brought["recovered"]] == [False, True]

    log = next(each for each in brought["steps"] if each["step"] == "bring back")
    keys = set(re.findall(r"^brought back: (\S+)$", (drill.folder / log["log"]).read_text(), re.MULTILINE))
    samples = [each for each in read_samples(drill.folder / "requests.jsonl") if each.write]
    acknowledged = {each.key for each in samples if each.ok}
    # The team's script found them in the log of the database, the harness in the log of its probe.
    assert len(acknowledged & keys) == overwritten["writes_lost"] > 0
    assert log["costs"] == [{"what": "rows brought back", "count": len(keys)}]
    assert (brought["writes_lost"], record["writes"]["lost"]) == (0, 0)
    assert record["writes"]["acknowledged"] == len(acknowledged)

    rung = next(line for line in drill.report.splitlines() if f"{len(keys)} rows brought back" in line)
    assert rung.startswith("| attempt 2") and "0 acknowledged writes lost" in rung
    assert not [row for row in record["residue"] if row["layer"] == "data"]

"""Residue of real drills, attempt by attempt: the row that matters, classified rightly, and nothing that is not so."""

from tests.live.conftest import SHORT


def residue(drill):
    """For each attempt what it left: layer, key and class."""
    return [
        {(row["layer"], row["key"]): (row["before"], row["after"], row["residue_class"]) for row in each["residue"]}
        for each in drill.record["attempts"]
    ]


def test_rows_that_a_migration_overwrote_and_removed_are_back_after_the_restore_alone(start):
    drill = start("data-destroyed-rows", *SHORT)
    assert drill.end(180) == 0, drill.output
    assert [each["mode"] for each in drill.record["findings"]] == ["D6"]
    rolled_back, restored = residue(drill)
    head = {("migration head", "alembic_version"): ("0003_seed", "0004_normalise", "harmless")}
    assert restored == head

    before, after, meaning = rolled_back.pop(("data", "orders rows"))
    held = int(before.removesuffix(" rows"))
    kept, gone = after.split(", ")
    # Of the 200 seeded orders the release removes the 66 vouchers, and gives 33 others a new total.
    assert (gone, meaning) == ("66 gone", "lost or changed data")
    assert int(kept.removesuffix(" rows")) == held - 66
    assert rolled_back.pop(("data", "orders.total_cents")) == (
        "as it was",
        f"33 of {held - 66} rows differ",
        "lost or changed data",
    )
    assert rolled_back == head
    assert "66 gone" in drill.report


def test_cached_values_that_the_old_release_cannot_read_are_all_that_is_left_and_a_flush_removes_them(start):
    drill = start("state-cache-format", *SHORT)
    assert drill.end(180) == 0, drill.output
    assert [each["mode"] for each in drill.record["findings"]] == ["T1"]
    rolled_back, flushed = residue(drill)
    assert [(where, what[2]) for where, what in rolled_back.items()] == [
        (("cache keys", "order:*"), "breaks the old release")
    ]
    assert flushed == {}

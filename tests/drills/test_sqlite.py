"""The look at a SQLite file: what was lost, what changed, and what cannot be asked."""

import sqlite3

import pytest

from drills.sqlite import SqliteFile
from harness.model import ResidueClass


@pytest.fixture
def notes(tmp_path):
    service = SqliteFile(tmp_path, "data/notes.db")
    (tmp_path / "data").mkdir()
    change(service, "create table notes (id text primary key, text text not null default '', stars integer)")
    change(service, "insert into notes values ('a', 'one', 1), ('b', 'two', 2), ('c', 'three', null)")
    return service


def change(service, *statements):
    with sqlite3.connect(service.folder / service.file) as writer:
        writer.execute("pragma journal_mode = wal")
        for statement in statements:
            writer.execute(statement)
    writer.close()


def test_new_rows_are_no_residue_and_lost_and_changed_ones_are(notes):
    before = notes.snapshot()
    change(notes, "insert into notes values ('d', 'four', 4)")
    assert notes.snapshot() == before
    change(notes, "delete from notes where id = 'a'", "update notes set text = '' where id = 'b'")
    after = notes.snapshot()["data"]
    assert after["notes rows"] == "2 rows, 1 gone"
    assert after["notes.text"] == "1 of 2 rows differ"
    assert after["notes.stars"] == before["data"]["notes.stars"]
    assert notes.classify("data", "notes rows", "3 rows", "2 rows, 1 gone") is ResidueClass.LOST_OR_CHANGED_DATA


def test_a_renamed_column_is_a_matter_of_the_schema(notes):
    before = notes.snapshot()
    change(
        notes,
        "alter table notes rename column stars to rating",
        "alter table notes add column kind text not null default 'x'",
    )
    after = notes.snapshot()
    assert after["data"] == before["data"]
    assert before["schema"]["notes.text"] == "text not null default ''"
    assert after["schema"]["notes.kind"] == "text not null default 'x'"
    assert "notes.stars" not in after["schema"]
    assert notes.classify("schema", "notes.stars", "integer", "") is ResidueClass.BREAKS_OLD_RELEASE
    assert notes.classify("schema", "notes.kind", "", "text not null default 'x'") is ResidueClass.HARMLESS
    assert notes.classify("schema", "notes.kind", "", "text not null") is ResidueClass.BREAKS_OLD_RELEASE
    assert notes.classify("images", "notes", "a", "b") is None


def test_a_table_that_is_gone_has_lost_its_rows(notes):
    notes.snapshot()
    change(notes, "drop table notes")
    assert notes.snapshot()["data"]["notes rows"] == "0 rows, 3 gone"


def test_what_cannot_be_asked_is_told_from_what_is_refused(notes):
    assert notes.query("select count(*) from notes") == [(3,)]
    with pytest.raises(ValueError, match="no such column: words"):
        notes.query("select words from notes")
    with pytest.raises(ValueError, match="readonly"):
        notes.query("delete from notes")
    (notes.folder / notes.file).unlink()
    with pytest.raises(ConnectionError, match=r"no database data/notes\.db"):
        notes.query("select 1")


def test_it_is_read_while_a_writer_is_at_work(notes):
    with sqlite3.connect(notes.folder / notes.file) as writer:
        writer.execute("pragma journal_mode = wal")
        writer.execute("begin immediate")
        writer.execute("insert into notes values ('d', 'four', 4)")
        assert notes.query("select count(*) from notes") == [(3,)]
    writer.close()
    assert notes.query("select count(*) from notes") == [(4,)]

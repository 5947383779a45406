"""Each database mode is told from the others by its own evidence."""

import pytest

from harness.catalogue import classify, load_catalogue
from harness.model import CheckResult, Outcome, ResidueClass, ResidueRow

LOST = ResidueRow(
    layer="data", key="orders rows", before="200", after="134", residue_class=ResidueClass.LOST_OR_CHANGED_DATA
)
RENAMED = ResidueRow(
    layer="schema", key="orders.x", before="text", after="absent", residue_class=ResidueClass.BREAKS_OLD_RELEASE
)
NULLS = 'psycopg.errors.NotNullViolation: column "sku" of relation "orders" contains null values'


@pytest.mark.parametrize(
    ("check", "evidence", "residue", "mode"),
    [
        (
            "place an order",
            'null value in column "channel" of relation "orders" violates not-null constraint',
            (),
            "D1",
        ),
        ("step rollback.sh", "alembic.util.exc.CommandError: Can't locate revision identified by '0004_x'", (), "D2"),
        ("read an order", 'psycopg.errors.UndefinedColumn: column "x" does not exist', (RENAMED,), "D3"),
        ("step downgrade", NULLS, (), "D4"),
        ("place an order", NULLS, (), "D1"),
        ("read a voucher", "ValueError: 'on_hold' is not a valid Status", (LOST,), "D5"),
        ("read a voucher", "GET /orders/18 → 404", (LOST,), "D6"),
        ("read a voucher", "GET /orders/18 → 200", (LOST,), "D6"),
        ("read a voucher", "GET /orders/18 → 500", (LOST,), None),
        ("read a voucher", "GET /orders/18 → 404", (), None),
        ("read an order", "psycopg.errors.FeatureNotSupported: cached plan must not change result type", (), "D7"),
        ("acknowledged writes", "240 writes were acknowledged, 31 of 240 are lost", (LOST,), "D8"),
    ],
)
def test_evidence_shows_its_mode(check, evidence, residue, mode):
    result = CheckResult(name=check, outcome=Outcome.FAIL, seen="exit 1", evidence=(evidence,))
    found = classify(load_catalogue(), result, residue)
    assert (found.id if found else None) == mode

"""The catalogue: complete, and never surer than its evidence."""

from pathlib import Path

import pytest

import drills
from harness.catalogue import classify, load_catalogue, read_catalogue, told_apart
from harness.errors import EnvironmentProblem
from harness.model import CheckResult, Outcome, ResidueClass, ResidueRow

SHIPPED = read_catalogue([drills.FAILURE_MODES])
SCHEMA = ResidueRow(
    layer="schema",
    key="orders.total_cents",
    before="integer",
    after="absent",
    residue_class=ResidueClass.BREAKS_OLD_RELEASE,
)
CONFIG = SCHEMA.model_copy(update={"layer": "configuration"})
COUNTS = {"E": 10, "K": 14, "S": 7, "L": 6, "V": 7, "D": 8, "T": 4, "M": 11}


def failed(*evidence: str, name: str = "read an order", seen: str = "500") -> CheckResult:
    return CheckResult(name=name, outcome=Outcome.FAIL, expected="200", seen=seen, evidence=evidence)


def test_all_modes_are_there():
    assert set(SHIPPED) == {f"{family}{n}" for family, count in COUNTS.items() for n in range(1, count + 1)}
    assert sum(mode.star for mode in SHIPPED.values()) == 21


def test_every_text_reads_well_without_evidence():
    for mode in SHIPPED.values():
        plain = mode.filled()
        for text in (plain.title, plain.prevent, plain.check):
            assert text and not text.endswith("."), (mode.id, text)
        assert not set("{|}") & set(plain.title + plain.why + plain.prevent), mode.id
        assert plain.why.endswith("."), mode.id


@pytest.mark.parametrize(
    ("evidence", "residue", "mode", "said"),
    [
        (
            ['psycopg.errors.UndefinedColumn: column "total_cents" does not exist'],
            [SCHEMA],
            "D3",
            "removed total_cents,",
        ),
        (["ERROR:  column orders.total_cents does not exist"], [CONFIG, SCHEMA], "D3", "removed orders.total_cents,"),
        (['column "total_cents" of relation "orders" does not exist'], [SCHEMA], "D3", "removed total_cents,"),
        (["sqlalchemy.exc.ProgrammingError: (psycopg.errors.UndefinedColumn) …"], [SCHEMA], "D3", "removed a column,"),
        (['column "total_cents" does not exist'], [], None, ""),
        (['column "total_cents" does not exist'], [CONFIG], None, ""),
        (
            ['null value in column "currency" of relation "orders" violates not-null constraint'],
            [],
            "D1",
            "made currency NOT NULL",
        ),
        (['null value in column "currency" violates not-null constraint'], [], "D1", "made currency NOT NULL"),
        (["psycopg.errors.NotNullViolation"], [], "D1", "made a column NOT NULL"),
        (
            ["alembic.util.exc.CommandError: Can't locate revision identified by '0004_rename'"],
            [],
            "D2",
            "is at 0004_rename that",
        ),
        (["Detected applied migration not resolved locally: 3"], [], "D2", "is at a revision that"),
        (["connection refused"], [SCHEMA], None, ""),
        ([], [SCHEMA], None, ""),
    ],
)
def test_classify(evidence, residue, mode, said):
    found = classify(SHIPPED, failed(*evidence), residue)
    assert (found and found.id) == mode
    assert found is None or said in found.why


REST = "why: w, prevent: p, check: c, sources: [us], reported: true"
CUSTOM = f"""
- {{id: A1, title: any error, {REST}, signatures: [{{evidence: boom}}]}}
- {{id: A2, title: at checkout, {REST}, signatures: [{{evidence: boom, check: ^checkout}}]}}
- {{id: A3, title: later twin, {REST}, signatures: [{{evidence: boom}}]}}
- {{id: A4, title: data, {REST},
   signatures: [{{residue: {{class: lost or changed data, key: '^(?P<table>\\w+)\\.'}}}}]}}
"""


@pytest.fixture
def custom(tmp_path) -> Path:
    (tmp_path / "own.yaml").write_text(CUSTOM)
    return tmp_path


def test_the_most_specific_wins_then_the_first(custom):
    modes = read_catalogue([custom])
    assert classify(modes, failed("boom"), []).id == "A1"
    assert classify(modes, failed("boom", name="checkout"), []).id == "A2"
    assert classify(modes, failed(seen="boom"), []).id == "A1", "what was seen is evidence too"
    assert classify(modes, failed(), [SCHEMA]) is None
    lost = SCHEMA.model_copy(update={"residue_class": ResidueClass.LOST_OR_CHANGED_DATA})
    assert classify(modes, failed(), [SCHEMA, lost]).id == "A4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- {id: D3, title: t, why: w, prevent: p, check: c, sources: [s], reported: true}", "'D3' is already"),
        ("- {id: X1, title: t}", "why"),
        (
            f"- {{id: X1, title: t, {REST}, signatures: [{{evidence: '('}}]}}",
            "regular expression",
        ),
        (
            f"- {{id: X1, title: t, {REST}, signatures: [{{}}]}}",
            "at least one",
        ),
        ("a: [", "list of failure modes"),
        ("", "list of failure modes"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, text, said):
    (tmp_path / "own.yaml").write_text(text)
    with pytest.raises(EnvironmentProblem, match=r"own\.yaml") as problem:
        read_catalogue([drills.FAILURE_MODES, tmp_path / "own.yaml"])
    assert said in problem.value.message


def test_registered_values_may_be_functions(monkeypatch, custom):
    values = {"a": drills.FAILURE_MODES, "b": lambda: str(custom)}
    monkeypatch.setattr("harness.catalogue.registered", lambda group: values if group == "drill.failure_modes" else {})
    assert len(load_catalogue()) == 71


STEP = failed("the link points to release 3, the lock is taken", name="rollback.sh", seen="exit 1")
RENAMED = failed('column "total_cents" does not exist')


def told(*broken, residue=(SCHEMA,)):
    return [(result.name, mode.id if mode else None) for result, mode in told_apart(SHIPPED, broken, residue)]


def test_a_step_and_its_users_showing_one_mode_are_one_finding():
    assert told(RENAMED.model_copy(update={"name": "rollback.sh"}), RENAMED) == [("rollback.sh", "D3")]


def test_an_outage_that_goes_on_after_a_known_stop_is_no_second_finding():
    assert told(RENAMED, failed("connection refused", name="users' traffic")) == [("read an order", "D3")]


def test_an_unknown_stop_does_not_hide_what_users_see():
    assert told(STEP, RENAMED) == [("rollback.sh", None), ("read an order", "D3")]
    assert told(STEP, failed("connection refused"), residue=()) == [("rollback.sh", None), ("read an order", None)]


def test_another_mode_in_the_users_evidence_is_a_second_finding():
    charged = failed('null value in column "currency" of relation "orders" violates not-null constraint')
    assert told(RENAMED.model_copy(update={"name": "rollback.sh"}), charged) == [
        ("rollback.sh", "D3"),
        ("read an order", "D1"),
    ]


def test_no_answer_is_no_finding():
    assert told(RENAMED.model_copy(update={"outcome": Outcome.UNKNOWN})) == []

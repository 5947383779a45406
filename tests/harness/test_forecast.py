"""The report says whether the static warning was right."""

import pytest

from harness.events import Forecasted
from harness.model import Forecast, Reach, ResidueClass, ResidueRow
from harness.record import build_record
from harness.report.page import forecast
from tests.harness.runs import D3, Attempt, Drill

LOST = ResidueRow(
    layer="data",
    key="orders rows",
    before="200 rows",
    after="134 rows, 66 gone",
    residue_class=ResidueClass.LOST_OR_CHANGED_DATA,
)
BROKEN = Attempt("rollback", "rollback", False, (D3,))
LOSING = Attempt("rollback", "rollback", False, (D3,), residue=(LOST,))
CLEAN = Attempt("rollback", "rollback", True)


@pytest.mark.parametrize(
    ("said", "attempt", "judged"),
    [
        (Reach.REVERSIBLE, CLEAN, "That was right: by the first attempt it was reversible."),
        (Reach.REVERSIBLE, BROKEN, "That was too mild: by the first attempt it was irreversible without data loss."),
        (Reach.NO_LOSS, BROKEN, "That was right: by the first attempt it was irreversible without data loss."),
        (Reach.NO_LOSS, LOSING, "That was too mild: by the first attempt it was destructive."),
        (Reach.DESTRUCTIVE, CLEAN, "That was too strict: by the first attempt it was reversible."),
    ],
)
def test_the_warning_is_judged(tmp_path, said, attempt, judged):
    event = Forecasted(forecast=Forecast(reach=said, why=("renaming-column",)))
    text = forecast(build_record(Drill(attempts=[attempt], extra=((17.5, event),)).write(tmp_path)))
    assert text.startswith(f"Before it went out, a static look called the bad release {said} (renaming-column).")
    assert text.endswith(judged)


def test_without_a_look_there_is_no_sentence(tmp_path):
    assert forecast(build_record(Drill().write(tmp_path))) == ""


@pytest.mark.parametrize(
    ("tells", "judged"),
    [
        (("D3",), "Of what broke, it told D3."),
        ((), "Of what broke, it could not tell D3."),
        (("M9",), "Of what broke, it could not tell D3; it told M9, which did not come."),
    ],
)
def test_a_look_at_the_way_back_is_judged_by_what_broke(tmp_path, tells, judged):
    event = Forecasted(forecast=Forecast(why=("the schema refuses it",), tells=tells))
    text = forecast(build_record(Drill(attempts=[BROKEN], extra=((17.5, event),)).write(tmp_path)))
    assert text == f"Before it went out, a static look said: the schema refuses it. {judged}"


def test_a_look_that_says_nothing_is_no_look():
    with pytest.raises(ValueError, match="at least one of `reach` and `why`"):
        Forecast()

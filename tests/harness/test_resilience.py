"""The rollback resilience score: what a series is worth, where it is kept, what its page says."""

import pytest

from harness.model import Verdict
from harness.report.markdown import told_score, write_series_page
from harness.resilience import Series, Tried, read_scores, rebuild_scores, tried_of, write_series
from tests.harness.test_sabotage import AGAIN, CLEAN, STOPPED, Broken, record


def tried(name, recovered, **more):
    verdict = {True: "passed", False: "failed", None: "error"}[recovered]
    return Tried(sabotage=name, breaks="it", run=f"run-{name}", verdict=verdict, recovered=recovered, **more)


def series(*tried_, wall="2026-11-23T10:00:00+00:00", **more):
    told = {"scenario": "shop", "path": "prepared", "seed": 0, "wall": wall, "rto": 300.0, "tried": tried_, **more}
    return Series(**{"series": f"s-{wall}", "order": tuple(each.sabotage for each in tried_), **told})


@pytest.mark.parametrize(
    ("found", "score", "kept"),
    [
        (series(tried("a", True), tried("b", False)), 0.5, True),
        (series(tried("a", True), tried("b", None, nothing=True)), 1.0, True),
        (series(tried("a", True), tried("b", None)), None, False),
        (series(tried("a", True), order=("a", "b")), None, False),
        (series(tried("a", None, nothing=True)), None, False),
        (series(tried("a", True), changes=("--set a=1",)), 1.0, False),
    ],
)
def test_the_score_is_recovered_over_tried_and_unknown_while_something_is(found, score, kept):
    assert (found.score, found.kept) == (score, kept)


def test_the_newest_score_is_what_the_gate_reads_and_it_can_be_read_in_again(tmp_path):
    assert read_scores(tmp_path) == ()
    old, new = series(tried("a", True)), series(tried("a", False), wall="2026-11-23T11:00:00+00:00")
    for each in (new, old, series(tried("a", True), changes=("--only",), wall="2026-11-23T12:00:00+00:00")):
        write_series(tmp_path, each)
    [score] = read_scores(tmp_path)
    assert (score.wall, score.value) == (new.wall, 0.0)
    (tmp_path / "history.sqlite3").unlink()
    (tmp_path / new.series / "sabotage.json").write_text("not ours")
    assert rebuild_scores(tmp_path) == 1
    assert [each.value for each in read_scores(tmp_path)] == [1.0]


def test_a_run_becomes_a_line_of_the_series(tmp_path):
    ran = record(tmp_path, [STOPPED, AGAIN], **CLEAN)
    line = tried_of(Broken(), ran.model_copy(update={"verdict": Verdict.PASSED}))
    assert (line.recovered, line.attempt, line.findings, line.what) == (True, 2, ("M1 no right",), "a thing is broken")
    assert line.recovery == pytest.approx(22.0, abs=0.1)
    assert tried_of(Broken(), ran.model_copy(update={"verdict": Verdict.INCONCLUSIVE})).recovered is False
    assert tried_of(Broken(), ran.model_copy(update={"verdict": Verdict.INTERRUPTED})).recovered is None


def test_the_page_names_score_seed_and_every_line(tmp_path):
    found = series(
        tried("a", True, attempt=2, recovery=16.1, findings=("M1 no | right",)),
        tried("b", False, why="Nothing recovered the users."),
        left_out=({"sabotage": "c", "why": "no host"},),
        commit="abc",
    )
    text = write_series_page(found, tmp_path).read_text()
    assert text.startswith("# Sabotage: shop, path prepared — resilience score 50%: 1 of 2 recovered")
    assert "| [a](../run-a/report.md) | it | passed | 2 | 16.1 s | M1 no \\| right |" in text
    assert "- b: Nothing recovered the users." in text and "- c: no host" in text
    assert "seed 0, commit abc, order: a, b." in text
    assert told_score(series(tried("a", True), order=("a", "b"))) == "no score: 1 of 2 were run, 1 recovered"

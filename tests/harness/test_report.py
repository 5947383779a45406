"""The page says what happened, whatever happened and whatever is in the evidence."""

import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from harness.events import CheckDone, Failed, InterruptedBy
from harness.model import CheckResult, Metric, Outcome, Phase, ResidueClass, ResidueRow, Verdict
from harness.record import build_record
from harness.report import write_report
from harness.report.data import write_json
from harness.report.junit import write_junit
from harness.report.markdown import render_markdown, write_markdown
from harness.report.outage import write_chart
from harness.units import figure
from harness.verdict import judge
from tests.harness.markdown import html, tables, tokens
from tests.harness.runs import D3, LEFT, RESIDUE, UNDEFINED, Attempt, Drill, naive

SHIPPED = {"chart": write_chart, "json": write_json, "junit": write_junit, "markdown": write_markdown}
HOSTILE = (
    "a | b `c` ``d`` <script>x</script> </details> ![i](j) [k](l) **m** "
    "\\| \x1b[31mred\x1b[0m \u202egnp\n# not a heading\n```\n| x | y |"
)
CLEAN = {
    "expected": "clean",
    "declared": (),
    "attempts": [Attempt("previous task definition", "rollback", True)],
    "bad": (19.0, 27.0),
}
NEXT = Failed(
    phase=Phase.PROVISION, error="ProvisionProblem", message="postgres: no answer in 60 s", next_step="see its log"
)


def page(folder, **options):
    record = build_record(Drill(**options).write(folder))
    verdict, reasons = judge(record)
    cut_short = record.verdict in (Verdict.ERROR, Verdict.INTERRUPTED) and (record.error or record.interrupted_by)
    if not cut_short and "until" not in options:
        record = record.model_copy(update={"verdict": verdict, "reasons": reasons})
    return render_markdown(record)


def section(text, title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", text, re.S | re.M)[1]


def headings(text):
    parsed = tokens(text)
    return [
        parsed[n + 1].content for n, token in enumerate(parsed) if token.type == "heading_open" and token.tag == "h2"
    ]


def test_one_minute_on_call(tmp_path):
    text = page(tmp_path)
    lines = text.splitlines()
    assert lines[0] == "# Rollback drill: ecs-bad-migration — PASSED, recovered on attempt 2 in 22.0 s (budget 5 min)"
    assert lines[2].startswith("> ")
    assert "The users were not back: the old release cannot read the changed schema" in lines[2]
    assert headings(text) == [
        "What broke on the first attempt",
        "How the recovery went",
        "What is still not back",
        "What ran",
        "Stack and run",
    ]
    first = section(text, "What broke on the first attempt")
    for said in ("**D3**", "+14.2 s", "GET /orders/17 → 500", UNDEFINED, D3.why, D3.prevent, "exited 0 (rollback.sh)"):
        assert said in first
    assert "Traceback" not in first


def test_times_against_budgets(tmp_path):
    rows = {row[0]: row[1:] for row in tables(section(page(tmp_path, rto=1.0, lost=2), "How the recovery went"))[0]}
    assert rows["recovery time (first bad response to sustained good)"] == ["22.0 s", "1.0 s", "over"]
    assert rows["time to detect"] == ["3.1 s by smoke", "1 min", "ok"]
    assert rows["attempt 1 · previous task definition (rollback)"] == ["4.4 s + 3.0 s until judged", "", "broken"]
    assert rows["attempt 2 · forward-fix migration"][2] == "recovered"
    assert rows["requests failed"] == ["62.8 % (440 of 701)", "", ""]
    assert rows["writes lost"] == ["2 of 90 acknowledged", "0", "over"]
    assert len([name for name in rows if name.startswith("latency")]) == 3


def test_a_clean_first_attempt(tmp_path):
    text = page(tmp_path, **CLEAN)
    assert "PASSED, recovered on attempt 1 in 8.0 s" in text.splitlines()[0]
    assert (
        section(text, "What broke on the first attempt")
        .strip()
        .startswith("Nothing. Attempt 1 (previous task definition)")
    )
    assert (
        "Nothing: everything is as it was (after attempt 1, "
        "compared with S0: 3 keys of 2 layers: schema (1), tasks (2))" in text
    )


def test_residue_and_what_ran(tmp_path):
    text = page(tmp_path)
    assert tables(section(text, "What is still not back"))[0][1] == [
        "schema",
        RESIDUE.key,
        RESIDUE.before,
        RESIDUE.after,
        "harmless: remove with the next release",
    ]
    assert [row[1:4] for row in tables(section(text, "What ran"))[0][1:]] == [
        ["release bad", "ecs/migrate.py --image shop:v2 0004_rename", "exit 0"],
        ["attempt 1", "ecs/rollback.sh", "exit 0"],
        ["attempt 2", "ecs/rollback.sh", "exit 0"],
    ]


def test_what_only_the_first_attempt_left_is_shown_apart(tmp_path):
    gone = ResidueRow(
        layer="data",
        key="orders rows",
        before="268 rows",
        after="202 rows, 66 gone",
        residue_class=ResidueClass.LOST_OR_CHANGED_DATA,
    )
    broken, mended = naive()
    attempts = [replace(broken, residue=(gone, RESIDUE)), replace(mended, residue=(RESIDUE,))]
    still, since = tables(section(page(tmp_path, attempts=attempts), "What is still not back"))
    assert [row[1] for row in still[1:]] == [RESIDUE.key]
    assert since[1:] == [["data", "orders rows", "268 rows", "202 rows, 66 gone", "lost or changed data"]]


def test_a_good_release_that_is_not_good_is_shown_with_its_evidence(tmp_path):
    red = CheckResult(
        name="place an order",
        outcome=Outcome.FAIL,
        expected="201",
        seen="status 400",
        evidence=("POST /orders → 400 no key",),
    )
    text = page(tmp_path, extra=((11.9, CheckDone(purpose="baseline", result=red)),), baseline_ok=False)
    assert "INCONCLUSIVE" in text.splitlines()[0] and "The good release was not good: place an order" in text
    assert ["baseline", "place an order", "fail", "201", "status 400", "POST /orders → 400 no key"] in [
        row for table in tables(text) for row in table
    ]


def test_a_check_that_became_a_finding_is_not_told_twice(tmp_path):
    assert "Checks that did not pass" not in page(tmp_path)


ENDINGS = {
    "killed in attempt 2": (
        {"until": 37.0},
        "INTERRUPTED in phase attempt 2",
        ("process was killed", "drill reap", "**D3**"),
    ),
    "killed in provision": (
        {"until": 5.0},
        "INTERRUPTED in phase provision",
        ("no attempt to recover", "Nothing was measured"),
    ),
    "killed at once": ({"until": 0.0}, "INTERRUPTED", ("no attempt to recover", "No command was started")),
    "SIGTERM": (
        {"extra": ((30.0, InterruptedBy(by="SIGTERM")),), "until": 30.5},
        "INTERRUPTED in phase verify of attempt 1",
        ("ended by SIGTERM", "no judgement"),
    ),
    "environment": (
        {"extra": ((5.0, NEXT), (5.5, LEFT)), "until": 6.0},
        "ERROR in phase provision",
        ("postgres: no answer in 60 s", "see its log", "drill-7f3a-db", "drill reap"),
    ),
    "fault did not fire": (
        {"fired": False, "bad": (99.0, 99.0)},
        "INCONCLUSIVE",
        ("proves nothing", "did **not** fire", "make the bad release fail"),
    ),
    "not recovered": (
        {"attempts": naive()[:1], "bad": (19.0, 99.0)},
        "FAILED, not recovered by 1 attempt (budget 5 min)",
        ("not recovered 35.0 s after the first bad response", "do not count on this path"),
    ),
    "broken without a finding": (
        {"attempts": [replace(naive()[0], findings=()), naive()[1]]},
        "FAILED",
        ("no finding says why: smoke stayed red",),
    ),
    "step failed": (
        {"attempts": [replace(naive()[0], exit_code=1), naive()[1]]},
        "PASSED",
        ("did not get through", "exit 1"),
    ),
}


@pytest.mark.parametrize(("options", "title", "said"), ENDINGS.values(), ids=ENDINGS.keys())
def test_every_ending_reads_well(tmp_path, options, title, said):
    text = page(tmp_path, **options)
    assert title in text.splitlines()[0]
    assert headings(text)[0] == "What broke on the first attempt"
    for sentence in said:
        assert sentence in text
    assert "None" not in text
    assert "\n\n\n" not in text


def hostile_page(folder):
    finding = D3.model_copy(
        update={"evidence": (HOSTILE, "ERROR " + HOSTILE), "why": HOSTILE, "prevent": HOSTILE, "title": HOSTILE}
    )
    row = RESIDUE.model_copy(
        update={"key": HOSTILE, "before": HOSTILE, "after": HOSTILE, "note": HOSTILE, "layer": HOSTILE}
    )
    broken = replace(naive()[0], findings=(finding,), output=HOSTILE)
    record = build_record(Drill(attempts=[broken, replace(naive()[1], residue=(row,))], output=HOSTILE).write(folder))
    said = {
        "title": HOSTILE,
        "command": HOSTILE,
        "operator": HOSTILE,
        "reasons": (HOSTILE, HOSTILE),
        "verdict": Verdict.FAILED,
    }
    return render_markdown(record.model_copy(update=said))


def test_hostile_text_changes_no_structure(tmp_path):
    text, calm = hostile_page(tmp_path / "hostile"), page(tmp_path / "calm")
    assert headings(text) == headings(calm)
    assert [[len(row) for row in table] for table in tables(text)] == [
        [len(row) for row in table] for table in tables(calm)
    ]
    shown = html(text)
    assert not re.search(r"<(script|img|a)\b", shown)
    assert shown.count("<em>") == 1, "only our own"
    assert shown.count("<details>") == shown.count("</details>") == text.count("\n<details>")
    assert "\x1b" not in text and "\u202e" not in text
    cell = tables(section(text, "What is still not back"))[0][1]
    assert "a | b `c` ``d`` <script>" in cell[1].replace("<code>", "")


def test_write_report_writes_everything(tmp_path):
    Drill(output="ok\n").write(tmp_path)
    record = write_report(tmp_path, reporters=SHIPPED)
    assert record.run == "2026-11-22T21-04-11Z-7f3a"
    for name in ("run.json", "report.md", "junit.xml", "outage.svg"):
        assert (tmp_path / name).stat().st_size > 0
    assert "](outage.svg)" in (tmp_path / "report.md").read_text()
    ET.parse(tmp_path / "outage.svg")


def test_a_reporter_that_fails_is_named_and_stops_no_other(tmp_path):
    def broken(record, folder):
        raise RuntimeError("no font")

    Drill().write(tmp_path)
    told = []
    write_report(
        tmp_path, reporters={**SHIPPED, "chart": broken}, on_problem=lambda name, why: told.append((name, str(why)))
    )
    assert told == [("chart", "no font")]
    text = (tmp_path / "report.md").read_text()
    assert "outage.svg" not in text and (tmp_path / "junit.xml").exists()


def test_without_a_listener_the_failure_is_logged(tmp_path, caplog):
    def broken(record, folder):
        raise RuntimeError("no font")

    write_report(Drill().write(tmp_path), reporters={"slack": broken})
    assert "reporter 'slack' failed: RuntimeError: no font" in caplog.text
    assert (tmp_path / "run.json").exists()


def test_a_reporter_that_cannot_be_imported_is_one_that_failed(tmp_path, monkeypatch):
    from importlib.metadata import EntryPoint

    group = "drill.reporters"
    points = [
        EntryPoint("gone", "no.such.module:f", group),
        EntryPoint("junit", "harness.report.junit:write_junit", group),
    ]
    monkeypatch.setattr("harness.report.render.entry_points", lambda group: points)
    told = []
    write_report(Drill().write(tmp_path), on_problem=lambda name, why: told.append(name))
    assert (told, (tmp_path / "junit.xml").exists()) == (["gone"], True)


def test_an_old_chart_does_not_survive_a_new_report(tmp_path):
    Drill(requests=False).write(tmp_path)
    (tmp_path / "outage.svg").write_text("old")
    write_report(tmp_path, reporters=SHIPPED)
    assert not (tmp_path / "outage.svg").exists()


@pytest.mark.parametrize(
    ("verdict", "tag", "kind"),
    [
        ("passed", None, None),
        ("failed", "failure", "failed"),
        ("inconclusive", "failure", "inconclusive"),
        ("interrupted", "error", "interrupted"),
        ("error", "error", "error"),
    ],
)
def test_junit(tmp_path, verdict, tag, kind):
    record = build_record(Drill().write(tmp_path)).model_copy(
        update={"verdict": Verdict(verdict), "reasons": ("Why \x00 <b> ]]>.",)}
    )
    write_junit(record, tmp_path)
    suite = ET.parse(tmp_path / "junit.xml").getroot().find("testsuite")
    case = suite.find("testcase")
    assert (suite.get("name"), case.get("name"), suite.get("tests")) == ("ecs-bad-migration", "naive", "1")
    properties = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert (properties["verdict"], properties["recovery_time_s"], properties["run"]) == (verdict, "22.000", record.run)
    results = [(child.tag, child.get("type")) for child in case]
    assert results == ([] if tag is None else [(tag, kind)])


def test_figures():
    shown = [
        figure(m.value, m.unit)
        for m in (
            Metric(name="a", value=None, unit="s"),
            Metric(name="a", value=0, unit="s"),
            Metric(name="a", value=0.476, unit="ratio"),
            Metric(name="a", value=1902, unit="rows"),
            Metric(name="a", value=41.84, unit="s"),
        )
    ]
    assert shown == ["unknown", "0 s", "47.6 %", "1,902", "41.8 s"]

"""What GitHub Actions is told, in the formats that it documents."""

import re
from pathlib import Path

import pytest

from harness.errors import Position
from harness.events import LeftBehind
from harness.model import Verdict
from harness.record import build_record
from harness.report.github import Annotation, annotations_of, fitting, output_text, outputs, summary_page
from harness.scenario.places import Places
from harness.verdict import judge
from tests.harness.markdown import tables, tokens
from tests.harness.runs import D3, Attempt, Drill

SCENARIO = Path(__file__).parents[3] / "scenarios" / "ecs-bad-migration.yaml"
COMMAND = re.compile(r"::(?P<level>error|warning|notice) (?P<properties>[^:\r\n]*)::(?P<message>[^\r\n]*)")
"""A workflow command: one line, and no colon before the message begins."""
CLEAN = {"expected": "clean", "declared": ()}


def unescaped(text: str) -> str:
    """As GitHub's runner reads it: the percent sign last."""
    for written, meant in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(written, meant)
    return text


def read(line: str) -> tuple[str, dict[str, str], str]:
    command = COMMAND.fullmatch(line)
    assert command, line
    properties = dict(each.split("=", 1) for each in command["properties"].split(","))
    return (
        command["level"],
        {name: unescaped(value) for name, value in properties.items()},
        unescaped(command["message"]),
    )


def judged(folder: Path, **options):
    record = build_record(Drill(**options).write(folder))
    verdict, reasons = judge(record)
    return record.model_copy(update={"verdict": verdict, "reasons": reasons})


def located(record, keys):
    return Places(SCENARIO).of(keys)


def test_the_documented_example():
    said = Annotation("error", "YOUR-TITLE", "Missing semicolon", Position("app.js", 1, 5))
    assert str(said) == "::error file=app.js,line=1,col=5,title=YOUR-TITLE::Missing semicolon"


def test_what_github_gives_a_meaning_is_escaped():
    said = Annotation("notice", "a: b, 100 %\r\nc", "1: 50 %, done\r\n::error::no", Position("a,b:c.yaml", 2, 3))
    assert str(said) == (
        "::notice file=a%2Cb%3Ac.yaml,line=2,col=3,title=a%3A b%2C 100 %25%0D%0Ac"
        "::1: 50 %25, done%0D%0A::error::no"
    )  # fmt: skip


@pytest.mark.parametrize("text", ["%", "%0A", "%250A", "\n\r", "::error::x", "a=b,c=d", "%3A:%2C,", "ünïcode 🙂"])
def test_every_text_comes_out_as_it_went_in(text):
    place = Position(text, 1, 1)
    assert read(str(Annotation("error", text, text, place))) == (
        "error",
        {"file": text, "line": "1", "col": "1", "title": text},
        text,
    )


def test_an_annotation_without_a_place_names_none():
    assert str(Annotation("error", "t", "m")) == "::error title=t::m"


def line_of(text: str) -> int:
    return SCENARIO.read_text().splitlines().index(text) + 1


def test_a_declared_break_is_a_notice_on_the_findings_of_the_path(tmp_path):
    verdict, finding = [read(str(each)) for each in annotations_of(judged(tmp_path), located)]
    assert (verdict[0], finding[0]) == ("notice", "notice")
    assert verdict[1] == {
        "file": str(SCENARIO),
        "line": str(line_of("  naive:")),
        "col": "3",
        "title": "ecs-bad-migration, path naive: passed",
    }
    assert verdict[2].startswith("PASSED, recovered on attempt 2 in 22.0 s (budget 5 min)\n")
    assert (finding[1]["line"], finding[1]["title"]) == (
        str(line_of("    findings: [D3]")),
        "D3 the old release cannot read the changed schema",
    )
    assert D3.evidence[-1] in finding[2].splitlines()


@pytest.mark.parametrize(("attempt", "line"), [(1, "    rollback:"), (2, "      - name: forward-fix migration")])
def test_what_nobody_declared_is_an_error_on_what_met_it(tmp_path, attempt, line):
    finding = D3.model_copy(update={"attempt": attempt, "mode": "D1"})
    met = [Attempt("previous task definition", "rollback", False, (finding,))]
    verdict, found = [read(str(each)) for each in annotations_of(judged(tmp_path, attempts=met, **CLEAN), located)]
    assert (verdict[0], found[0]) == ("error", "error")
    assert verdict[1]["title"].endswith(": failed")
    assert found[1]["line"] == str(line_of(line))
    assert "next: do not count on this path in an outage before a drill of it passes" in verdict[2].splitlines()


def test_a_run_that_left_something_behind_is_no_good_news(tmp_path):
    record = judged(tmp_path, extra=((54.5, LeftBehind(resource="container x", reason="busy")),))
    assert record.verdict == Verdict.PASSED
    assert {each.level for each in annotations_of(record, located)} == {"error"}


def test_terminal_codes_of_evidence_reach_no_annotation(tmp_path):
    met = [Attempt("r", "", False, (D3.model_copy(update={"evidence": ("\x1b[31mred\x1b[0m",)}),))]
    _, found = annotations_of(judged(tmp_path, attempts=met), located)
    assert "red" in found.message.splitlines()
    assert "\x1b" not in str(found)


def test_the_summary_is_the_first_page_with_a_chart_that_needs_no_file(tmp_path):
    text = summary_page(judged(tmp_path), tmp_path)
    headings = [each.content for each in tokens(text) if each.type == "inline" and each.level == 1 and each.map]
    assert headings[0].startswith("Rollback drill: ecs-bad-migration — PASSED")
    assert "![" not in text
    assert "## What ran" not in text
    for title in ("## What broke on the first attempt", "## How the recovery went", "## What is still not back"):
        assert title in text.splitlines()
    assert tables(text)[0][1][2].startswith("D3 ")
    chart = next(each.content for each in tokens(text) if each.type == "fence" and each.info == "mermaid")
    bars, line = (
        [float(value) for value in re.search(rf"^ *{kind} \[(.*)\]$", chart, re.M)[1].split(", ")]
        for kind in ("bar", "line")
    )
    assert "10 --> 54" in chart
    assert bars == [0.0] * 9 + [20.0] * 22 + [0.0] * 14  # users failed from second 19 to second 41
    assert line == [20.0] * 9 + [0.0] * 22 + [20.0] * 13 + [1.0]
    assert "First bad response at 19.0 s. Detected at 22.1 s. Recovered at 41.0 s." in text


def test_a_run_without_a_request_has_a_summary_without_a_chart(tmp_path):
    text = summary_page(judged(tmp_path, requests=False), tmp_path)
    assert "mermaid" not in text
    assert "## How the recovery went" in text


def test_a_summary_stays_below_what_github_takes():
    pages = [(f"run-{number}", f"# {number}\n" + "ü" * 200_000 + "\n") for number in range(4)]
    text = fitting(pages)
    assert len(text.encode()) < 1024 * 1024
    assert [line for line in text.splitlines() if line.startswith("#")] == ["# 0", "# 1"]
    assert text.splitlines()[-1] == "2 more did not fit into this summary; read their `report.md`: run-2, run-3"
    assert fitting(pages[:2]).count("more did not fit") == 0


def test_outputs_say_the_worst_and_the_slowest(tmp_path):
    good, slow = judged(tmp_path / "a"), judged(tmp_path / "b", rto=1.0)
    told = outputs([good, slow, good], Path("reports"))
    assert (told["verdict"], told["recovery-time"]) == ("failed", "22.000")
    assert told["report"].splitlines()[0] == f"reports/{good.run}/report.md"
    lost = judged(tmp_path / "c", attempts=[Attempt("r", "", False, (D3,))], bad=(19.0, 99.0))
    assert outputs([good, lost], Path("reports"))["recovery-time"] == ""
    assert outputs([], Path("reports")) == {"verdict": "", "recovery-time": "", "run": "", "folder": "", "report": ""}


def test_an_output_may_hold_anything():
    hostile = "a\nverdict=passed\nEOF"
    first, *lines = output_text({"run": hostile}).splitlines()
    name, delimiter = first.split("<<")
    assert (name, "\n".join(lines[:-1]), lines[-1]) == ("run", hostile, delimiter)
    assert delimiter not in output_text({"run": hostile})  # another one each time: nobody can guess it

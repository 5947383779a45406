"""The site: what its pages say, that text of others stays text, and that nothing of a user's is overwritten."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from harness.errors import UsageProblem
from harness.history import append, read
from harness.model import Verdict
from harness.site import build_site
from harness.site.build import PER_PAGE
from harness.site.reading import report_html
from harness.site.trend import budget_fits, trend
from tests.harness.site.many import NOW, keep, kinds, many, renamed
from tests.harness.test_history import row


class Page(HTMLParser):
    """Text, links and elements of a page."""

    def __init__(self, file):
        super().__init__()
        self.file, self.text, self.links, self.elements, self.ids = file, "", [], [], set()
        self.feed(file.read_text(encoding="utf-8"))
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.elements.append((tag, values))
        self.ids |= {values["id"]} if "id" in values else set()
        self.links += [values[name] for name in ("href", "src") if name in values]

    def handle_data(self, data):
        self.text += data


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The records of each kind of run, and where their charts are."""
    folder = tmp_path_factory.mktemp("kinds")
    return kinds(folder), folder


@pytest.fixture
def build(tmp_path):
    return lambda: build_site(tmp_path / "runs", tmp_path / "site", NOW).index.parent


@pytest.fixture
def kept(tmp_path, made):
    """Keep a run of a kind, changed."""
    records, charts = made

    def call(kind, report="", **values):
        values = {"run": f"r-{kind}", "wall": (NOW - timedelta(days=3)).isoformat(), **values}
        return keep(tmp_path / "runs", renamed(records[kind], **values), charts / kind / "outage.svg", report)

    return call


def test_the_index_says_verdict_age_recovery_and_what_the_first_attempt_met(kept, build):
    kept("passed")
    kept("inconclusive", path="prepared", wall=(NOW - timedelta(hours=1)).isoformat())
    text = Page(build() / "index.html").text
    assert "naive" in text and "✓ passed 3 days ago 22.0 s of 5 min broke, met D3" in text
    assert "? inconclusive 1 hour ago not measured" in text
    assert "Needs a look (1) ecs-bad-migration, prepared: the latest run ended inconclusive, 1 hour ago" in text
    assert "partly simulated" in text


def test_a_recovery_over_its_budget_is_said_in_words(kept, build):
    kept("failed")
    assert "22.0 s of 10.0 s over budget" in Page(build() / "index.html").text


def test_a_changed_drill_is_listed_and_does_not_count(kept, build):
    kept("passed")
    kept("failed", changes=("--set budgets.rto=10s",), wall=NOW.isoformat())
    site = build()
    assert "✕ failed" not in Page(site / "index.html").text.split("All scenarios")[1]
    assert "--set budgets.rto=10s" in Page(site / "scenarios" / "ecs-bad-migration.html").text


def test_only_changed_runs_are_no_state(kept, build):
    kept("passed", changes=("--without fault",))
    site = build()
    assert "never run as written" in Page(site / "index.html").text
    assert "every run was changed" in Page(site / "scenarios" / "ecs-bad-migration.html").text


def test_an_edited_run_is_marked_everywhere(kept, build):
    file = kept("failed") / "run.json"
    file.write_text(file.read_text().replace('"verdict": "failed"', '"verdict": "passed"'))
    site = build()
    assert "✕ failed ⚠ edited" in Page(site / "index.html").text
    assert "run.json of the latest run was edited" in Page(site / "index.html").text
    assert "⚠ edited" in Page(site / "scenarios" / "ecs-bad-migration.html").text
    assert "⚠ Edited. run.json is not what the run wrote." in Page(site / "runs" / "r-failed.html").text


def test_a_record_past_reading_still_has_its_pages(kept, build):
    (kept("failed") / "run.json").write_bytes(b"{\xff")
    assert "⚠ Edited." in Page(build() / "runs" / "r-failed.html").text


def test_a_record_that_is_gone_is_not_called_untouched(kept, build):
    (kept("passed") / "run.json").unlink()
    text = Page(build() / "runs" / "r-passed.html").text
    assert "⚠ Not checked." in text and "as written" not in text


def test_a_run_whose_folder_is_gone_is_listed_without_a_page(tmp_path, kept, build):
    kept("passed")
    append(tmp_path / "runs", row(1, run="gone", scenario="ecs-bad-migration"))
    site = build()
    assert "folder gone" in Page(site / "scenarios" / "ecs-bad-migration.html").text
    assert [each.name for each in (site / "runs").glob("*.html")] == ["r-passed.html"]


def test_the_run_page_has_the_report_the_chart_and_what_is_simulated(made, kept, build):
    kept("passed")
    page = Page(build() / "runs" / "r-passed.html")
    assert "What broke on the first attempt" in page.text and "SimulatedECS control plane: ministack" in page.text
    assert (
        "r-passed.svg" in page.links
        and (page.file.parent / "r-passed.svg").read_bytes() == (made[1] / "passed" / "outage.svg").read_bytes()
    )
    assert sum(tag == "details" for tag, _ in page.elements) > 1, "the report's own folds stay folds"


def test_every_link_leads_somewhere_and_no_page_needs_style_or_script_of_its_own(tmp_path, build):
    many(tmp_path / "runs", tmp_path / "kinds", 60)
    pages = {file: Page(file) for file in build().rglob("*.html")}
    for file, page in pages.items():
        for link in page.links:
            target, _, fragment = link.partition("#")
            found = (file.parent / target).resolve() if target else file
            assert found.is_file(), f"{file.name}: {link}"
            assert not fragment or fragment in pages[found].ids, f"{file.name}: {link}"
        for tag, values in page.elements:
            assert tag not in ("script", "style", "iframe"), file
            assert not {name for name in values if name == "style" or name.startswith("on")}, (file, tag)


def test_long_lists_of_runs_go_on_on_further_pages(tmp_path, build):
    (tmp_path / "runs").mkdir()
    for index in range(2 * PER_PAGE + 1):
        append(
            tmp_path / "runs", row(1, run=f"r{index}", scenario="s", wall=(NOW - timedelta(hours=index)).isoformat())
        )
    site = build()
    lists = [Page(site / "scenarios" / name) for name in ("s.html", "s.2.html", "s.3.html")]
    rows = [sum(values.get("scope") == "row" for _, values in page.elements) for page in lists]
    assert rows == [PER_PAGE, PER_PAGE, 1]
    assert "s.2.html#runs" in lists[0].links


HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


def test_hostile_text_stays_text(kept, build):
    kept("passed", title=HOSTILE, operator=HOSTILE, commit=HOSTILE, changes=(HOSTILE,))
    kept("clean", title=HOSTILE, scenario=f"{HOSTILE}/../../x", path='" onclick="x', run="r-2")
    for file in build().rglob("*.html"):
        page = Page(file)
        assert "<script>alert(1)</script>" in page.text, file
        assert not [
            tag for tag, values in page.elements if tag == "script" or "onerror" in values or "onclick" in values
        ]


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "<script src=//evil.example/x.js></script>",
        "<details open ontoggle=alert(1)><summary>x</summary>",
        "<details><summary>x<img src=x onerror=alert(1)></summary>",
        "a <code onclick=alert(1)>b</code>",
        "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
        "<style>body{display:none}</style>",
        "<iframe src=//evil.example></iframe>",
        "<!-- <script>alert(1)</script> -->",
        "[x](javascript:alert(1)) <javascript:alert(1)> [y](https://evil.example)",
        "![x](https://evil.example/x.png) ![y](file:///etc/passwd)",
    ],
)
def test_html_links_and_pictures_of_an_edited_report_stay_text(kept, build, text):
    kept("passed", report=f"# Report\n\n{text}\n\ntext {text}\n")
    page = Page(build() / "runs" / "r-passed.html")
    body = page.file.read_text().partition('<article class="report">')[2].partition("</article>")[0]
    assert set(re.findall(r"</?(\w+)", body)) <= {"h2", "p", "div", "table", "thead", "tbody", "tr", "th", "td", "code"}
    assert not re.search(r"<[^>]*\b(?:on\w+|href|src|style)=", body)


def test_the_report_keeps_its_own_tags_only_in_their_own_form():
    html = report_html(
        "<details><summary>1. a &lt;b&gt; &amp; c</summary>\n\nx<br>y <code>&#124;</code>\n\n</details>\n", ""
    )
    assert html == ("<details><summary>1. a &lt;b&gt; &amp; c</summary><p>x<br>y <code>|</code></p>\n</details>")


def test_the_trend_draws_each_run_by_its_verdict_and_the_budget_where_it_fits():
    rows = [
        row(4, recovery=20.0, rto=30),
        row(3, recovery=40.0, rto=30, verdict=Verdict.FAILED),
        row(2, verdict=Verdict.INCONCLUSIVE, rto=30),
        row(1, recovery=10.0, rto=30),
    ]
    svg = trend(rows, "T")
    dots = {
        n: len(re.findall("<circle", part))
        for n, part in re.findall(r'serie-(\d) color-\d">(.*?)</g>(?=<g class="series|</g>)', svg)
    }
    assert (dots["2"], dots["3"]) == (2, 1)
    assert budget_fits(rows) and not budget_fits([row(1, recovery=10.0, rto=300)])
    assert "2026-11-01 00:00" in svg, "the labels of the axis are whole"
    assert 'aria-label="T"' in svg and "style" not in svg and "script" not in svg


def test_a_run_id_that_leads_out_of_the_runs_folder_is_not_followed(tmp_path, kept, build):
    kept("passed")
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "report.md").write_text("SECRET")
    append(tmp_path / "runs", row(1, run="../secret"))
    assert not [file for file in build().rglob("*.html") if "SECRET" in file.read_text()]


def test_no_history_is_a_mistake_with_a_way_out(tmp_path):
    with pytest.raises(UsageProblem, match="no run in the history") as problem:
        build_site(tmp_path, tmp_path / "site", NOW)
    assert "drill run" in problem.value.next_step
    assert not (tmp_path / "site").exists()


def test_a_folder_that_is_no_site_is_not_replaced(tmp_path, kept, build):
    kept("passed")
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageProblem, match="no site that drill wrote"):
        build()
    assert [each.name for each in (tmp_path / "site").iterdir()] == ["thesis.txt"]


def test_a_site_again_has_no_pages_of_runs_that_are_forgotten(tmp_path, kept, build):
    kept("passed")
    (build() / "runs" / "forgotten.html").touch()
    assert {each.name for each in (build() / "runs").iterdir()} == {"r-passed.html", "r-passed.svg"}
    assert {each.name for each in tmp_path.iterdir()} == {"runs", "site"}, "no scratch folder stays"
    assert len(read(tmp_path / "runs")) == 1

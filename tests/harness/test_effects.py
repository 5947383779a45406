"""What left the stack is counted by the records of whoever it left through: all of it, and nothing twice."""

from types import SimpleNamespace

from harness.events import EffectsCounted
from harness.model import Effect, EffectKind
from harness.record import EffectRecord, EffectsRecord, build_record
from harness.report.markdown import render_markdown
from harness.runner.ending import reach_verdict
from harness.timeline import Timeline
from tests.harness.markdown import html, tables
from tests.harness.runs import Drill

SECTION = "What cannot be undone"


def mail(order, at, release, to="kim@example.org"):
    return Effect(kind=EffectKind.MAIL, key=f"order {order}", to=to, at=at, release=release)


def charge(order, at, release=""):
    return Effect(kind=EffectKind.CHARGE, key=f"order {order}", to="card 4242", at=at, release=release)


BEFORE, FIRST, AGAIN = mail(1, 10.0, "v1"), mail(1, 19.0, "v2"), mail(2, 20.0, "v2")
RETRIED = mail(2, 40.0, "v1")
OTHER = mail(2, 41.0, "v1", to="bo@example.org")
CHARGED = charge(2, 21.0)


def recorded(folder, *effects, unknown=(), **options):
    event = EffectsCounted(effects=effects, unknown=unknown)
    return build_record(Drill(extra=((53.6, event),), **options).write(folder))


def test_since_s0_and_duplicates_of_what_was_before_it(tmp_path):
    found = recorded(tmp_path, RETRIED, BEFORE, CHARGED, AGAIN, FIRST, OTHER).effects
    assert [(each.at, each.duplicate) for each in found.effects] == [
        (19.0, True),  # mail(1) had gone out before S0
        (20.0, False),
        (21.0, False),  # the same order, but no mail
        (40.0, True),
        (41.0, False),  # the same order, another addressee
    ]


def test_nothing_is_claimed_of_a_run_that_was_not_asked(tmp_path):
    assert build_record(Drill().write(tmp_path / "no source")).effects is None
    assert recorded(tmp_path / "no S0", FIRST, until=16.0).effects is None


def test_the_page_counts_by_kind_and_release(tmp_path):
    page = render_markdown(recorded(tmp_path, BEFORE, FIRST, AGAIN, CHARGED, RETRIED))
    table = next(each for each in tables(page) if each[0][0] == "what")
    assert table[1:] == [
        ["charge", "not known", "1", "card 4242", "0"],
        ["mail", "v1", "1", "kim@example.org", "1: order 2 to kim@example.org"],
        ["mail", "v2", "2", "kim@example.org", "1: order 1 to kim@example.org"],
    ]
    assert page.index("## What is still not back") < page.index(f"## {SECTION}") < page.index("## What ran")


def test_many_addressees_are_counted_and_not_all_named(tmp_path):
    many = [mail(n, 20.0 + n / 100, "v2", to=f"user{n}@example.org") for n in range(7)]
    page = render_markdown(recorded(tmp_path, *many))
    row = next(each for each in tables(page) if each[0][0] == "what")[1]
    assert row[2] == "7" and row[3].endswith("user4@example.org and 2 more")


def test_the_page_says_nothing_left_only_where_everybody_answered(tmp_path):
    assert "Nothing left the stack since S0." in render_markdown(recorded(tmp_path / "a", BEFORE))
    page = render_markdown(recorded(tmp_path / "b", BEFORE, unknown=("Catcher: no answer",)))
    assert "Nothing left the stack" not in page
    assert "Not known, because these records could not be read:\n\n- Catcher: no answer" in page
    assert SECTION not in render_markdown(build_record(Drill().write(tmp_path / "c")))


def test_a_hostile_addressee_changes_no_structure(tmp_path):
    hostile = "a | b `c` <script>x</script>\n# not a heading\n| x |"
    page = render_markdown(recorded(tmp_path, mail(1, 20.0, hostile, to=hostile)))
    table = next(each for each in tables(page) if each[0][0] == "what")
    assert [len(row) for row in table] == [5, 5]
    page += render_markdown(recorded(tmp_path / "unread", unknown=(hostile,)))
    assert "<script" not in html(page) and "\n# not" not in page


class Records:
    """A service with records; those of a broken one cannot be read."""

    def __init__(self, *effects, broken=""):
        self._effects, self._broken = effects, broken

    def effects(self):
        if self._broken:
            raise ConnectionError(self._broken)
        return self._effects


def test_the_runner_asks_everybody_who_keeps_records(tmp_path):
    Drill(until=53.0).write(tmp_path)
    services = {"db": object(), "smtp": Records(FIRST), "queue": Records(broken="refused")}
    timeline = Timeline(tmp_path / "timeline.jsonl", anchor=0.0)
    session = SimpleNamespace(
        probe=None,
        bench=SimpleNamespace(platform=Records(CHARGED), services=services),
        timeline=timeline,
        run=SimpleNamespace(folder=tmp_path),
    )
    record = reach_verdict(session)
    timeline.close()
    assert record.effects == EffectsRecord(
        effects=tuple(EffectRecord(**each.model_dump(), duplicate=False) for each in (FIRST, CHARGED)),
        unknown=("queue: refused",),
    )

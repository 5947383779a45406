"""The release ledger, asked over HTTP as a team's scripts ask it."""

import pytest
import requests

from drills.releases import LAYER, Ledger, Releases
from harness.events import ApiCalled, StackFact
from harness.model import ResidueClass
from harness.spi import Run
from harness.tap import Taps

BEFORE = [
    {"version": "v2", "ago": "1d", "operator": "kim", "outcome": "BAD", "by": "lee", "why": "vouchers"},
    {"version": "v1", "ago": "3d", "operator": "kim", "digest": "sha256:1"},
]


class Written(list):
    def write(self, event):
        self.append(event)


@pytest.fixture
def written():
    return Written()


@pytest.fixture
def ledger(written, tmp_path):
    taps = Taps(written.write)
    run = Run("r1", tmp_path, tmp_path, written, None, None, None, None, taps)
    yield Releases(deploys=BEFORE).start("releases", run)
    taps.close()


def ask(ledger: Ledger, method: str, path: str, **more):
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, f"{ledger.url}{path}", timeout=5, **more)


def rows(ledger, query=""):
    return [(each["version"], each["outcome"]) for each in ask(ledger, "GET", f"/releases{query}").json()]


def test_it_has_the_deploys_of_before_the_newest_first_and_says_that_it_is_no_ledger_of_the_team(ledger, written):
    newest, oldest = ask(ledger, "GET", "/releases").json()
    assert (newest["version"], newest["outcome"], newest["by"], newest["why"]) == ("v2", "BAD", "lee", "vouchers")
    assert (oldest["version"], oldest["digest"], oldest["operator"], oldest["outcome"]) == (
        "v1",
        "sha256:1",
        "kim",
        "good",
    )
    assert oldest["at"] < newest["at"] == newest["marked_at"] and oldest["marked_at"] is None
    assert [each.simulated for each in written if isinstance(each, StackFact)] == [True]


def test_a_deploy_is_recorded_and_a_bad_one_is_marked_with_who_and_when(ledger, written):
    answer = ask(ledger, "POST", "/releases", json={"version": "v3", "operator": "lee", "digest": "sha256:3"})
    assert (answer.status_code, answer.json()["number"]) == (201, 3)
    assert rows(ledger, "?last=1") == [("v3", "good")]
    answer = ask(ledger, "POST", "/releases/v3/outcome", json={"outcome": "BAD", "by": "kim", "why": "500s"})
    assert (answer.status_code, answer.json()[0]["by"], answer.json()[0]["marked_at"] is None) == (200, "kim", False)
    assert rows(ledger) == [("v3", "BAD"), ("v2", "BAD"), ("v1", "good")]
    calls = [(each.service, each.action, each.status, each.by) for each in written if isinstance(each, ApiCalled)]
    assert calls[0] == ("releases", "POST", 201, "")


def test_it_answers_ten_where_nobody_says_how_many(ledger):
    for number in range(12):
        ask(ledger, "POST", "/releases", json={"version": f"w{number}"})
    assert [version for version, _ in rows(ledger)] == [f"w{number}" for number in range(11, 1, -1)]
    assert len(rows(ledger, "?last=99")) == 14


def test_a_version_is_a_name_whatever_is_in_it(ledger):
    ask(ledger, "POST", "/releases", json={"version": "a/b; $(id)\n"})
    answer = ask(ledger, "POST", "/releases/a%2Fb%3B%20%24%28id%29%0A/outcome", json={"outcome": "BAD", "by": "kim"})
    assert [each["version"] for each in answer.json()] == ["a/b; $(id)\n"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/releases", "{}", 400, "version: Field required"),
        ("POST", "/releases", "no json", 400, "body: Invalid JSON"),
        ("POST", "/releases/v1/outcome", '{"outcome": "so-so", "by": "kim"}', 400, "outcome: Input should be"),
        ("POST", "/releases/v1/outcome", '{"outcome": "BAD"}', 400, "by: Field required"),
        ("POST", "/releases/v9/outcome", '{"outcome": "BAD", "by": "kim"}', 404, "no deploy of 'v9' is on record"),
        ("GET", "/releases?last=many", "", 400, "invalid literal"),
        ("DELETE", "/releases", "", 404, "GET or POST /releases"),
    ],
)
def test_what_cannot_be_done_is_said(ledger, method, path, body, status, said):
    answer = ask(ledger, method, path, data=body)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    assert rows(ledger) == [("v2", "BAD"), ("v1", "good")]


def test_residue_tells_a_live_release_that_is_marked_as_bad(ledger):
    before = ledger.snapshot()[LAYER]
    assert before["live release is marked BAD"] == "v2, by lee: vouchers"
    ask(ledger, "POST", "/releases", json={"version": "v1", "operator": "kim"})
    after = ledger.snapshot()[LAYER]
    assert set(after) - set(before) == {"deploy 3"} and set(before) - set(after) == {"live release is marked BAD"}
    classes = [ledger.classify(LAYER, *row) for row in (("deploy 3", "", "v1"), ("live release", "v2", "v1"))]
    assert classes == [ResidueClass.HARMLESS, ResidueClass.BREAKS_OLD_RELEASE]
    assert ledger.classify(LAYER, "live release is marked BAD", "", "v2") is ResidueClass.BREAKS_OLD_RELEASE
    assert ledger.classify("schema", "x", "", "y") is None


def test_a_version_that_was_bad_is_bad_when_it_is_deployed_again_until_the_mark_is_lifted(ledger):
    assert ask(ledger, "POST", "/releases", json={"version": "v2", "operator": "kim"}).json()["by"] == "lee"
    assert rows(ledger, "?last=1") == [("v2", "BAD")]
    ask(ledger, "POST", "/releases/v2/outcome", json={"outcome": "good", "by": "kim"})
    ask(ledger, "POST", "/releases", json={"version": "v2", "operator": "kim"})
    assert rows(ledger, "?last=1") == [("v2", "good")]

"""The Vercel stand-in with the client and the SDK of the vendor: what a team may not expect, by the bytes served."""

import json
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from drills.node_tools import node_folder
from drills.static.hosts import Vercel
from harness.events import ApiCalled
from harness.timeline import read_timeline
from tests.harness.probe.shop import eventually
from tests.live.local import local_run
from tests.live.test_static_hosts import Team, team

pytestmark = pytest.mark.live
SDK = Path(__file__).parent / "clients" / "vercel-sdk"


@pytest.fixture
def run(tmp_path):
    with local_run(tmp_path) as made:
        yield made


def rules(us: Team) -> list[str]:
    """Names of the rules that took part, in order, as the report gets them."""
    calls = [each for each in read_timeline(us.run.folder / "timeline.jsonl") if isinstance(each, ApiCalled)]
    told = [each.by.removeprefix("rule ") for each in calls if each.by]
    return [one.partition(" ")[0].removeprefix("vercel-") for each in told for one in each.split(", ")]


def client(us: Team, *argv: str) -> str:
    return us.ok("vercel/client.sh", *argv)


def test_a_rollback_brings_the_variables_of_the_old_build_back(run, tmp_path):
    us = team(run, Vercel(uses="vercel", variables={"API_URL": "https://old.example"}), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    client(us, "env", "update", "API_URL", "production", "--yes", "--value", "https://new.example")
    us.ok("vercel/deploy.sh", us.build("v2"))
    client(us, "env", "pull", "--yes", "--environment=production", "pulled.env")
    assert 'API_URL="https://new.example"' in (tmp_path / "pulled.env").read_text()
    assert built(us) == "https://new.example"

    us.ok("vercel/rollback.sh")
    assert us.serves() == {"v1"}
    assert built(us) == "https://old.example"
    assert rules(us) == ["pinned-after-rollback", "environment-of-the-build"]

    client(us, "redeploy", us.ok("vercel/deployment.sh", "2").strip())
    assert (us.serves(), rules(us)[2:]) == ({"v1"}, ["pinned-after-rollback"])
    us.ok("vercel/promote.sh", "1")
    assert (us.serves(), built(us)) == ({"v1"}, "https://new.example"), "the old pages, built again"


def built(us: Team) -> str:
    return us.host.snapshot()["host settings"]["variable API_URL of the live build"]


def test_the_client_promotes_a_preview_by_making_it_again(run, tmp_path):
    us = team(run, Vercel(uses="vercel"), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    said = client(us, "deploy", "--yes", us.build("v2"))
    preview = next(line for line in said.splitlines() if line.startswith("https://"))
    assert us.serves() == {"v1"}
    client(us, "promote", "--yes", preview)
    assert (us.serves(), rules(us)) == ({"v2"}, ["promote-builds-preview-again"])
    assert us.ok("vercel/deployment.sh", "1").strip() != preview

    us.ok("vercel/rollback.sh")
    assert us.serves() == {"v1"}
    said = client(us, "deploy", "--yes", us.build("v3"))
    client(us, "promote", "--yes", next(line for line in said.splitlines() if line.startswith("https://")))
    assert us.serves() == {"v1"}, "the client says that it succeeded, and production is pinned"


def test_a_deployment_without_domains_is_live_once_it_is_promoted(run, tmp_path):
    us = team(run, Vercel(uses="vercel"), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    client(us, "deploy", "--prod", "--skip-domain", "--yes", us.build("v2"))
    assert us.serves() == {"v1"}
    code, said = us.command("vercel/rollback.sh", "1")
    assert (code, "never in production" in said) == (1, True)
    us.ok("vercel/promote.sh", "1")
    assert us.serves() == {"v2"}


def test_the_client_says_yes_before_visitors_see_it(run, tmp_path):
    us = team(run, Vercel(uses="vercel", alias_delay=3600), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    us.ok("vercel/deploy.sh", us.build("v2"))
    assert us.serves() == {"v1"}, "the client's word and the API's, not yet what is served"
    client(us, "rollback", "--yes", "--timeout", "0", us.ok("vercel/deployment.sh", "2").strip())
    assert rules(us) == ["pinned-after-rollback"]


def test_the_client_waits_for_a_rollback_that_takes_its_time(run, tmp_path):
    us = team(run, Vercel(uses="vercel", alias_delay=3), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    us.ok("vercel/deploy.sh", us.build("v2"))
    eventually(lambda: us.serves() == {"v2"}, "v2 on the production domain")
    us.ok("vercel/rollback.sh")
    assert us.serves() == {"v1"}


class Sdk:
    """`@vercel/sdk`, the second client."""

    def __init__(self, us: Team) -> None:
        self._us = us
        self._folder = node_folder(SDK / "package-lock.json")

    def __call__(self, *argv: str, **changed: str) -> tuple[int, object]:
        script = str(SDK / "production.mjs")
        code, said = self._us.command("node", script, *argv, SDK=str(self._folder), **changed)
        return code, json.loads(said.strip().splitlines()[0])


def test_the_sdk_reads_what_the_client_deployed_and_takes_it_back(run, tmp_path):
    us = team(run, Vercel(uses="vercel"), tmp_path)
    sdk = Sdk(us)
    assert sdk("variable", "API_URL", "https://old.example")[0] == 0
    us.ok("vercel/deploy.sh", us.build("v1"))
    us.ok("vercel/deploy.sh", us.build("v2"))
    code, listed = sdk("list")
    assert (code, [each["meta"]["build"] for each in listed]) == (0, ["v2", "v1"])
    assert [each["isRollbackCandidate"] for each in listed] == [False, True]
    newest, before = (each["uid"] for each in listed)

    for target, status in (("dpl_nothing", 404), (newest, 409)):
        code, refused = sdk("rollback", target)
        assert (code, refused["status"]) == (1, status)
    code, refused = sdk("rollback", before, VERCEL_TOKEN="wrong")
    assert (code, refused["status"]) == (1, 403)
    assert us.serves() == {"v2"}

    assert sdk("rollback", before) == (0, None)
    assert (us.serves(), built(us)) == ({"v1"}, "https://old.example")
    us.ok("vercel/deploy.sh", us.build("v3"))
    assert us.serves() == {"v1"}, "production is pinned, whichever client did it"
    assert sdk("promote", sdk("list")[1][0]["uid"]) == (0, None)
    assert us.serves() == {"v3"}


def test_the_sdk_promotes_a_preview_as_it_is(run, tmp_path):
    us = team(run, Vercel(uses="vercel"), tmp_path)
    us.ok("vercel/deploy.sh", us.build("v1"))
    said = client(us, "deploy", "--yes", us.build("v2"))
    name = next(line for line in said.splitlines() if line.startswith("https://")).removeprefix("https://")
    assert Sdk(us)("promote", f"dpl_{name.partition('.')[0].rpartition('-')[2]}") == (0, None)
    assert (us.serves(), rules(us)) == ({"v2"}, ["api-promotes-as-built"])


GIGABYTE = 1024**3
_BLOCK = bytes(1024**2)


@pytest.mark.parametrize("way", ["through the tap", "past it"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
def test_a_gigabyte_is_refused_and_fills_neither_memory_nor_disk(run, tmp_path, way, announced):
    us = team(run, Vercel(uses="vercel", client=False), tmp_path)
    given, settings = us.host.environment(), us.host.settings
    address = urlsplit(given["VERCEL_API"] if way == "through the tap" else settings.api_url)
    length = f"Content-Length: {GIGABYTE}" if announced else "Transfer-Encoding: chunked"
    head = f"POST /v2/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {given['VERCEL_TOKEN']}\r\n{length}\r\n\r\n"
    block = _BLOCK if announced else b"%x\r\n%b\r\n" % (len(_BLOCK), _BLOCK)
    here, there = psutil.Process(), psutil.Process(us.host.process.pid)
    before = here.memory_info().rss
    most_here = most_there = most_on_disk = 0
    with socket.create_connection((address.hostname, address.port), timeout=60) as sender:
        sender.sendall(head.encode())
        with suppress(OSError):  # a server may hang up on such a client
            for _ in range(GIGABYTE // len(_BLOCK)):
                sender.sendall(block)
                most_here = max(most_here, here.memory_info().rss - before)
                most_there = max(most_there, there.memory_info().rss)
                stored = [each.stat().st_size for each in (settings.root / "blobs").iterdir()]
                most_on_disk = max(most_on_disk, sum(stored))
        assert sender.recv(100).startswith(b"HTTP/1.1 413 ")
    assert (most_here < GIGABYTE // 2, most_there < GIGABYTE // 2) == (True, True), (most_here, most_there)
    assert most_on_disk <= (0 if announced else 100 * 1024**2)
    assert list((settings.root / "blobs").iterdir()) == []

"""What is large, wrong or never ends, at the edge that all stand-ins share: nothing of it is kept."""

import asyncio
import hashlib
import socket
from urllib.parse import urlsplit

import pytest

from drills.static import server
from drills.static.hosts import HostApi
from drills.static.server import VENDORS, build
from drills.static.store import Blobs, WrongDigest
from drills.static.vendor import LARGEST_BODY, LARGEST_WORDS, StandInConfig
from harness.tap import Taps

TOKEN = "a-token"
GIGABYTE = 1024**3
UPLOAD = {
    "vercel": ("POST", "/v2/files"),
    "cloudflare-pages": ("POST", "/client/v4/pages/assets/upload"),
    "github-pages": ("POST", "/_actions/artifacts?title=v1&retention_days=1"),
}
WORDS = {
    "vercel": ("POST", "/v13/deployments"),
    "netlify": ("POST", "/api/v1/sites/shop/deploys"),
    "cloudflare-pages": ("POST", "/client/v4/pages/assets/check-missing"),
    "github-pages": ("POST", "/repos/drill/shop/pages/deployments"),
}


def ask(app, method, path, body, **headers):
    """Status of the answer; ``body`` is called for each part of the request, and is the test's to count."""
    path, _, query = path.partition("?")
    told = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json", **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in told.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
        "http_version": "1.1",
    }
    said = []

    async def receive():
        return {"type": "http.request", "body": body(), "more_body": True}

    async def send(message):
        said.append(message)

    asyncio.run(app(scope, receive, send))
    return said[0]["status"]


@pytest.fixture
def api(request, tmp_path):
    config = StandInConfig(vendor=request.param, site="shop", token=TOKEN, api_port=1, site_port=2, root=tmp_path)
    app, _ = build(config)
    app.vendor = request.param
    return app


# Netlify's upload is missing here: an unknown deploy is 404 before anything is read.
@pytest.mark.parametrize(
    ("api", "kind"),
    [*((vendor, WORDS) for vendor in VENDORS), *((vendor, UPLOAD) for vendor in UPLOAD)],
    indirect=["api"],
)
def test_nothing_is_read_of_a_request_that_says_that_it_is_too_large(api, kind, tmp_path):
    method, path = kind[api.vendor]
    limit = LARGEST_WORDS if kind is WORDS else LARGEST_BODY

    def unread():
        raise AssertionError("it was read")

    assert ask(api, method, path, unread, **{"content-length": str(limit + 1)}) == 413
    assert list((tmp_path / "blobs").iterdir()) == []


@pytest.mark.parametrize("api", VENDORS, indirect=True)
def test_a_request_without_files_is_cut_long_before_its_json_fills_the_memory(api):
    read = 0

    def part():
        nonlocal read
        read += 1
        return b"{}," * 100_000

    assert ask(api, *WORDS[api.vendor], part) == 413
    assert read * 300_000 <= LARGEST_WORDS + 300_000


@pytest.mark.parametrize("api", ["vercel"], indirect=True)
def test_an_upload_may_be_larger_than_words_and_leaves_nothing_when_it_is_too_large(api, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "LARGEST_WORDS", 10)
    read = 0

    def part():
        nonlocal read
        read += 1
        return b"\0" * 1024**2

    assert ask(api, *UPLOAD["vercel"], part) == 413
    assert read == 101, "a file has at most 100 MB"
    assert list((tmp_path / "blobs").iterdir()) == []


def test_content_that_is_not_what_was_announced_leaves_nothing(tmp_path):
    async def chunks():
        yield b"other"

    blobs = Blobs(tmp_path)
    with pytest.raises(WrongDigest):
        asyncio.run(blobs.receive(chunks(), announced=hashlib.sha1(b"page", usedforsecurity=False).hexdigest()))
    assert list(tmp_path.iterdir()) == []


def test_an_upload_whose_client_goes_away_leaves_nothing(tmp_path):
    async def broken():
        yield b"half"
        raise ConnectionResetError

    blobs = Blobs(tmp_path)
    with pytest.raises(ConnectionResetError):
        asyncio.run(blobs.receive(broken()))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tap():
    """A tap with a small limit before an API that must not be asked, and what it wrote down."""
    calls = []
    taps = Taps(calls.append)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        opened = taps.open(f"http://127.0.0.1:{nobody.getsockname()[1]}", HostApi("vercel"), largest=1000)
        yield urlsplit(opened.url), calls
    taps.close()


@pytest.mark.parametrize(
    "request_",
    [b"Content-Length: %d\r\n\r\n" % GIGABYTE, b"Transfer-Encoding: chunked\r\n\r\n7d0\r\n%b\r\n" % (b"x" * 2000)],
)
def test_the_tap_refuses_what_is_larger_than_the_api_takes_and_writes_it_down(tap, request_):
    address, calls = tap
    with socket.create_connection((address.hostname, address.port), timeout=10) as client:
        client.sendall(b"POST /v2/files HTTP/1.1\r\nHost: x\r\n" + request_)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    [call] = calls
    assert (call.status, "RequestTooLarge" in call.error) == (413, True)

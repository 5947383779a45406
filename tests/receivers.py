"""Real receivers of notifications on this host: a web server, and the project's own mail catcher."""

from __future__ import annotations

import importlib.util
import json
import queue
import socket
import threading
from contextlib import contextmanager
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
from aiosmtpd.controller import Controller

from harness.limits import wait_until

ROOT = Path(__file__).parents[1]
PATIENCE = 180
"""Seconds until a message that does not come fails a test."""


def closed_port() -> int:
    """A port of this host where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Webhook:
    """Keeps what is posted and answers `status`; a path that ends in /hang is never answered."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.address = f"127.0.0.1:{server.server_port}"
        self._posts: queue.Queue[tuple[str, dict]] = queue.Queue()
        self.released = threading.Event()
        self.status = 200

    def keep(self, path: str, text: bytes) -> None:
        self._posts.put((path, json.loads(text)))

    def next(self) -> tuple[str, dict]:
        return self._posts.get(timeout=PATIENCE)

    def text(self) -> str:
        """The text of the next message, as Slack takes it."""
        (text,) = self.next()[1].values()
        return text

    def rest(self) -> list[tuple[str, dict]]:
        return [self._posts.get_nowait() for _ in range(self._posts.qsize())]


@contextmanager
def webhook():
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            keeper.keep(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if self.path.split("?")[0].endswith("/hang"):
                keeper.released.wait()
                return
            self.send_response(keeper.status)
            if keeper.status == 307:
                self.send_header("Location", f"http://{keeper.address}/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    keeper = Webhook(server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield keeper
    finally:
        keeper.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _catcher():
    file = ROOT / "drills" / "images" / "outside" / "outside" / "mail.py"
    spec = importlib.util.spec_from_file_location("outside_mail", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Catcher


class Mailbox:
    """The handler of the image `outside`, which also keeps the bodies here."""

    def __init__(self) -> None:
        self.rows: list[dict] = []
        self._catcher = _catcher()(self.rows)
        self._mails: queue.Queue = queue.Queue()

    async def handle_DATA(self, server, session, envelope):
        self._mails.put(message_from_bytes(envelope.content, policy=policy.default))
        return await self._catcher.handle_DATA(server, session, envelope)

    def next(self):
        return self._mails.get(timeout=PATIENCE)


@contextmanager
def mailbox():
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=closed_port())  # aiosmtpd takes no port 0
    controller.start()
    box.address = f"127.0.0.1:{controller.port}"
    try:
        yield box
    finally:
        controller.stop()


def worker(parent: int | None = None) -> psutil.Process:
    """The process that delivers, below `parent` (this process when left out), as soon as it can be told by its name."""
    found = wait_until(lambda: workers(parent) or None, PATIENCE)
    assert found, "no process delivers"
    return found[0]


def workers(parent: int | None = None) -> list[psutil.Process]:
    return [each for each in psutil.Process(parent).children(recursive=True) if _delivers(each)]


def _delivers(process: psutil.Process) -> bool:
    try:
        return "harness.notify.worker" in process.cmdline()
    except psutil.Error:
        return False


def ended(process: psutil.Process) -> bool:
    """Whether `process` ends by itself; a zombie has."""
    return wait_until(lambda: _gone(process) or None, PATIENCE) or False


def _gone(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

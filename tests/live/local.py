"""A run without a scenario, and a small site on 127.0.0.1: for tests of one service alone."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from harness.containers import Containers, engine_client
from harness.images import Images
from harness.ledger import Ledger, Undo
from harness.redact import Redactor
from harness.runner.session import recipe_folders
from harness.spi import Bench, Run
from harness.tap import Taps
from harness.timeline import Timeline
from harness.undo import undo_all


@contextmanager
def local_run(tmp_path: Path) -> Iterator[Run]:
    """A run whose ledger is undone at the end; fails where something stays."""
    identifier = f"test-{tmp_path.name[-20:]}-{time.monotonic_ns()}"
    folder, scratch = tmp_path / "run", Path(tempfile.mkdtemp(prefix="drill-"))  # short: Chromium puts sockets there
    folder.mkdir()
    timeline, ledger = Timeline(folder / "timeline.jsonl", anchor=time.monotonic()), Ledger(folder)
    ledger.plan(Undo(kind="path", what="scratch folder", params={"path": str(scratch)}))
    ledger.plan(Undo(kind="processes", what="processes of the run", params={"run": identifier}))
    taps, left = Taps(timeline.write), []
    images = Images(engine_client, recipe_folders())
    containers = Containers(identifier, folder, ledger)
    yield Run(identifier, folder, scratch, timeline, ledger, Redactor({}), images, containers, taps)
    taps.close()
    undo_all(ledger, lambda entry, reason: left.append(f"{entry.undo.what}: {reason}"))
    assert left == []


class LocalSite:
    """Serves ``pages`` on ``address``: path → (status, headers, body); anything else is 404."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.pages: dict[str, tuple[int, dict[str, str], str]] = {}
        self.asked: list[str] = []
        """Every path that was asked for."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, headers, body = site.pages.get(self.path, (404, {"Content-Type": "text/html"}, "nothing"))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer((address, 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://{address}:{self._server.server_address[1]}"

    def serve(self, path: str, kind: str, body: str, cache: str = "", status: int = 200, **headers: str) -> None:
        """Answer ``path`` from now on."""
        lifetime = {"Cache-Control": cache} if cache else {}
        self.pages[path] = (status, {"Content-Type": kind, **lifetime, **headers}, body)

    def folder(self, folder: Path, **headers: str) -> None:
        """Serve exactly the files of ``folder``, as a host does after a swap."""
        kinds = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
        files = [each for each in folder.rglob("*") if each.is_file()]
        named = {f"/{each.relative_to(folder)}": each for each in files}
        pages = {
            path: (200, {"Content-Type": kinds.get(file.suffix, "text/plain"), **headers}, file.read_text())
            for path, file in {**named, "/": folder / "index.html"}.items()
        }
        self.pages = pages

    def logs(self, containing: str) -> list[str]:
        """Paths that were asked for."""
        return [each for each in self.asked if containing in each]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def bench_of(run: Run, site: LocalSite, **services: object) -> Bench:
    """A bench whose platform is ``site``."""

    class Platform:
        entry_url = site.url

    return Bench(run, Platform(), services, run.folder, {})

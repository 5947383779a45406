"""The proxy itself: one listener for each endpoint, all of them on one event loop in a thread of the run's process.

In the run's own process, so that it ends with the run however that ends, and so that its calls are stamped by the
timeline's clock. On a loop of its own, so that a phase which waits does not hold a call up.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, web
from yarl import URL

from harness.errors import EnvironmentProblem
from harness.events import ApiCalled
from harness.tap.model import RULE_HEADER, Answer, Dialect, Operation, Request, Upstream
from harness.tap.sabotage import DELAY, Sabotage

_PER_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization"}
    | {"te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that belong to one connection (RFC 9110, 7.6.1), and those that aiohttp computes anew."""
_COMPUTED = _PER_HOP | {"content-length", "host", "date", "server"}
LARGEST = 512 * 1024**2
"""Bytes of a request body; S3 parts and Lambda packages are smaller."""
_PATIENCE = 300.0
"""Seconds that the endpoint may need for one answer; the step's own timeout is the one that users set."""
_START = 10.0


class Tap:
    """A listener of this host in front of one endpoint. Hand ``url`` to the team's commands, never to the harness."""

    def __init__(
        self,
        upstream: str | Upstream,
        dialect: Dialect,
        write: Callable[[ApiCalled], object],
        host: str = "127.0.0.1",
        largest: int = LARGEST,
    ) -> None:
        self.upstream = upstream.rstrip("/") if isinstance(upstream, str) else ""
        self._ask: Upstream = self._ask_endpoint if isinstance(upstream, str) else upstream
        self.url = ""
        self.sabotages: Sequence[Sabotage] = ()
        """What is broken now; changed by the runner between attempts."""
        self._dialect = dialect
        self._write = write
        self._host = host
        self._largest = largest
        self._session: ClientSession | None = None
        self._runner: web.AppRunner | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        self._session = ClientSession(
            auto_decompress=False,
            cookie_jar=DummyCookieJar(),
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=_PATIENCE, connect=5),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )
        app = web.Application(client_max_size=self._largest)
        app.router.add_route("*", "/{path:(?s:.*)}", self._handle)
        # A call whose caller has hung up ends here: what it asked for must not happen long after the step was over.
        self._runner = web.AppRunner(
            app, access_log=None, auto_decompress=False, shutdown_timeout=1.0, handler_cancellation=True
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, 0)
        await site.start()
        self.url = f"http://{self._host}:{self._runner.addresses[0][1]}"

    async def close(self) -> None:
        """Stop listening; calls under way are cut."""
        if self._runner:
            await self._runner.cleanup()
        if self._session:
            await self._session.close()

    async def _handle(self, incoming: web.Request) -> web.StreamResponse:
        began = time.monotonic()
        headers = {name.lower(): value for name, value in incoming.headers.items()}
        body = await _body(incoming)
        request = Request(incoming.method, incoming.raw_path, headers, body or b"")
        operation = self._dialect.operation(request)
        by: list[str] = []
        answer, error = None, "the caller hung up before there was an answer"
        try:
            answer = await self._answer(operation, request, by) if body is not None else self._too_large(request)
            error = (self._dialect.error(answer) if answer.status >= 400 else "") if answer else "connection cut"
        finally:
            self._write(
                ApiCalled(
                    service=operation.service,
                    action=operation.action,
                    resource=operation.resource,
                    status=answer.status if answer else None,
                    took=time.monotonic() - began,
                    error=error,
                    by=by[-1] if by else "",
                )
            )
        if answer is None:
            if incoming.transport:
                incoming.transport.abort()
            return web.Response(status=500)  # nobody gets it
        # What HEAD tells of the length is that of another answer (RFC 9110, 9.3.2), so it cannot be computed here.
        computed = _COMPUTED - ({"content-length"} if incoming.method == "HEAD" else set())
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in computed}
        return web.Response(status=answer.status, headers=kept, body=answer.body)

    async def _answer(self, operation: Operation, request: Request, by: list[str]) -> Answer | None:
        """The answer (None: cut the connection); ``by`` gets who took part in it besides the endpoint."""
        for sabotage in self.sabotages:
            if not sabotage.hits(operation):
                continue
            by.append(f"sabotage {sabotage.spec}")
            if sabotage.kind != "delay":
                return self._broken(sabotage, operation, request)
            await asyncio.sleep(sabotage.seconds or DELAY)
        try:
            return await self._by_rules(operation, request, by)
        except OSError as problem:
            return self._dialect.refusal(request, 502, "EndpointUnreachable", str(problem))

    async def _by_rules(self, operation: Operation, request: Request, by: list[str]) -> Answer:
        for rule in self._dialect.rules:
            said = await rule.answer(operation, request, self._ask)
            if said:
                by.append(f"rule {rule.name} ({rule.source})")
                return said if isinstance(said, Answer) else self._dialect.refusal(request, *said)
        answer = await self._ask(request)
        by.extend(f"rule {value}" for name, value in answer.headers.items() if name.lower() == RULE_HEADER.lower())
        return answer

    def _broken(self, sabotage: Sabotage, operation: Operation, request: Request) -> Answer | None:
        what = f"{operation.service}:{operation.action}"
        if sabotage.kind == "cut":
            return None
        status, code, message = {
            "deny": (403, "AccessDeniedException", f"User: drill is not authorized to perform: {what}"),
            "throttle": (429, "ThrottlingException", "Rate exceeded"),
        }.get(sabotage.kind, (503, "ServiceUnavailable", f"{what} is temporarily unavailable"))
        return self._dialect.refusal(request, status, code, message)

    def _too_large(self, request: Request) -> Answer:
        return self._dialect.refusal(request, 413, "RequestTooLarge", f"more than {self._largest} bytes")

    async def _ask_endpoint(self, request: Request) -> Answer:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name not in _PER_HOP | {"host"}}
        try:
            async with self._session.request(
                request.method,
                URL(self.upstream + request.path, encoded=True),
                headers=headers,
                data=request.body,
                allow_redirects=False,
            ) as response:
                return Answer(response.status, dict(response.headers), await response.read())
        except (ClientError, TimeoutError) as problem:
            raise OSError(f"{self.upstream}: {type(problem).__name__}: {problem}") from problem


async def _body(incoming: web.Request) -> bytes | None:
    """The request's body; None where it is larger than it may be, and nothing is read where it says so itself."""
    if (incoming.content_length or 0) > incoming.client_max_size:
        return None
    try:
        return await incoming.read()
    except web.HTTPRequestEntityTooLarge:
        return None


class Taps:
    """Every tap of one run, and the loop that they run on; nothing is started before the first one is opened."""

    def __init__(self, write: Callable[[ApiCalled], object]) -> None:
        self._write = write
        self.broken: tuple[Sabotage, ...] = ()
        """What every tap breaks now."""
        self._taps: list[Tap] = []
        self._users: list[Tap] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def open(
        self,
        upstream: str | Upstream,
        dialect: Dialect,
        *,
        users: bool = False,
        host: str = "127.0.0.1",
        largest: int = LARGEST,
    ) -> Tap:
        """A tap in front of ``upstream``. One on the ``users``' way keeps to its rules: no record, no sabotage.

        Args:
            upstream: URL of an endpoint, or what answers in its place, in the thread of the taps.
            host: address of this host to listen on; containers reach ``Containers.gateway``.
            largest: bytes of a request body; one that is larger is refused here, since a tap keeps it in memory.

        Raises:
            EnvironmentProblem: it cannot listen.
        """
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="drill-tap", daemon=True)
            self._thread.start()
        tap = Tap(upstream, dialect, (lambda _: None) if users else self._write, host, largest)
        try:
            self._run(tap.open()).result(_START)
        except OSError as problem:
            raise EnvironmentProblem(f"the tap of {type(dialect).__name__} cannot listen: {problem}") from problem
        (self._users if users else self._taps).append(tap)
        return tap

    def __len__(self) -> int:
        """How many APIs the team's commands reach through a tap."""
        return len(self._taps)

    def sabotage(self, *broken: Sabotage) -> None:
        """Break this from now on, and nothing else; nothing at all without an argument."""
        self.broken = broken
        for tap in self._taps:
            tap.sabotages = broken

    def close(self) -> None:
        """Close every tap and end the loop; safe to call twice."""
        if self._loop is None or self._thread is None:
            return
        for tap in (*self._taps, *self._users):
            self._run(tap.close()).result(_START)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_START)
        self._loop = self._thread = None

    def _run(self, work: object) -> Future[None]:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop)  # type: ignore[arg-type]

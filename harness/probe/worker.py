"""The probe's process: ``python -m harness.probe.worker JOB.json OUT.jsonl``.

Open loop, as wrk2 does it (https://github.com/giltene/wrk2, "coordinated omission"): request i is intended at
start + i / rate, whatever happened to the requests before it. Every request ends as one line of OUT.jsonl, written
in one piece when the request ends. SIGTERM stops the sending, lets what is in flight end within its timeout, and
exits 0. SIGINT is ignored: Ctrl-C in the terminal is the parent's to handle. When the parent dies, so does this.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from harness.probe.config import Traffic
from harness.probe.job import Job
from harness.probe.plan import Planned, planned_requests
from harness.probe.samples import REQUEST_ID, Sample, request_id, write_line

_PR_SET_PDEATHSIG = 1
"""prctl(2): signal to get when the parent dies."""
_PARENT_SIGNAL = signal.SIGUSR1
_PARENT_POLL = 0.1
"""Seconds between two looks at the parent where the kernel does not tell."""
_SPARE_FILES = 64
"""File descriptors besides one per request in flight."""
_LONGEST_ERROR = 200


@dataclass(slots=True)
class _Answer:
    """What is known of an answer so far; a connection may break in the middle of one."""

    status: int = 0
    version: str = ""
    error: str = ""


class Sender:
    """Sends what is planned and logs how it ended.

    Args:
        job: the work.
        log: takes one line; called once for every request.
    """

    def __init__(self, job: Job, session: aiohttp.ClientSession, log: Callable[[bytes], object]) -> None:
        self._job = job
        self._session = session
        self._log = log
        self._flying: set[asyncio.Task[None]] = set()

    def _now(self) -> float:
        return round(time.monotonic() - self._job.anchor, 6)

    async def send_on_schedule(self) -> None:
        """Send for ever; cancel to stop. Late is never skipped: what is overdue is sent at once."""
        first = self._now()
        for planned in planned_requests(self._job.traffic, self._job.run):
            intended = round(first + planned.due, 6)
            await asyncio.sleep(max(0.0, intended - self._now()))
            self._launch(planned, intended)

    def _launch(self, planned: Planned, intended: float) -> None:
        started = self._now()
        if planned.filled is None:
            self._record(planned, intended, started, _Answer(error=planned.problem))
        elif len(self._flying) >= self._job.traffic.in_flight:
            self._record(planned, intended, started, _Answer(error="overload"))
        else:
            task = asyncio.create_task(self._send(planned, intended))
            self._flying.add(task)
            task.add_done_callback(self._flying.discard)

    async def _send(self, planned: Planned, intended: float) -> None:
        answer, started = _Answer(), self._now()
        try:
            await self._exchange(planned, answer)
        except TimeoutError:
            answer.error = "timeout"
        except asyncio.CancelledError:
            answer.error = "cut off by the end of the probe"
            raise
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            answer.error = explain(problem)
        finally:
            self._record(planned, intended, started, answer)

    async def _exchange(self, planned: Planned, answer: _Answer) -> None:
        filled = planned.filled
        assert filled is not None
        async with self._session.request(
            filled.method,
            self._job.base_url.rstrip("/") + filled.path,
            headers={REQUEST_ID: request_id(planned.seq), **filled.headers},
            json=filled.body,
            allow_redirects=False,
        ) as response:
            answer.status = response.status
            answer.version = response.headers.get(self._job.traffic.version_header, "")
            body = await response.text(errors="replace")
        answer.version = answer.version or self._version_in(body)
        answer.error = planned.spec.expect.mismatch(answer.status, body, filled.contains)

    def _version_in(self, body: str) -> str:
        pattern = self._job.traffic.version_body
        found = re.search(pattern, body) if pattern else None
        return found[1] if found else ""

    def _record(self, planned: Planned, intended: float, started: float, answer: _Answer) -> None:
        sample = Sample(
            seq=planned.seq,
            name=planned.spec.name,
            request=planned.request,
            write=planned.spec.write,
            intended=intended,
            start=started,
            end=self._now(),
            status=answer.status,
            version=answer.version,
            ok=not answer.error,
            key=planned.key if planned.spec.write else "",
            error=answer.error[:_LONGEST_ERROR],
        )
        self._log(write_line(sample))

    async def land(self, patience: float) -> None:
        """Wait ``patience`` seconds for what is in flight, then cut the rest off; every request gets its line."""
        if self._flying:
            await asyncio.wait(self._flying, timeout=patience)
        leftover = list(self._flying)
        for task in leftover:
            task.cancel()
        await asyncio.gather(*leftover, return_exceptions=True)


def explain(problem: Exception) -> str:
    """A network problem in a word or two: ``ConnectionRefused``, ``ServerDisconnected``, ``No route to host``."""
    if isinstance(problem, OSError) and problem.errno:
        # aiohttp wraps the socket's error; its errno gives back the class that Python has for it.
        plain = type(OSError(problem.errno, ""))
        return os.strerror(problem.errno) if plain is OSError else plain.__name__.removesuffix("Error")
    return type(problem).__name__.removesuffix("Error")


def _session(traffic: Traffic) -> aiohttp.ClientSession:
    """A client without memory but its pool of kept-alive connections, as a browser or a service has one.

    As those do, aiohttp sends a GET, PUT or DELETE a second time when a *reused* connection turns out to be closed.
    """
    return aiohttp.ClientSession(
        # No limit here: a full pool would queue requests, and hide the wait. No DNS cache: a user's resolver decides.
        connector=aiohttp.TCPConnector(limit=0, use_dns_cache=False),
        timeout=aiohttp.ClientTimeout(total=traffic.timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "drill-probe"},
        trust_env=False,
    )


async def run(job: Job, log: Callable[[bytes], object]) -> None:
    """Send until SIGTERM or the parent's death; every request that was started has its line when this returns."""
    stop, orphaned = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    watch = asyncio.create_task(_watch_parent(job.parent, stop, orphaned))
    async with _session(job.traffic) as session:
        sender = Sender(job, session, log)
        sending = asyncio.create_task(sender.send_on_schedule())
        sending.add_done_callback(lambda _: stop.set())  # a bug in sending must end the probe, not idle it
        await stop.wait()
        sending.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sending
        # Nobody waits for an orphan's last answers.
        await sender.land(0.0 if orphaned.is_set() else job.traffic.timeout + 1.0)
    watch.cancel()


async def _watch_parent(parent: int, stop: asyncio.Event, orphaned: asyncio.Event) -> None:
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(_PARENT_SIGNAL, told.set)
    _ask_kernel_for_death_signal()
    while os.getppid() == parent:
        # The signal also comes when only the *thread* that started this ends (prctl(2)), so the parent id decides.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), _PARENT_POLL)
        told.clear()
    orphaned.set()
    stop.set()


def _ask_kernel_for_death_signal() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(_PARENT_SIGNAL), 0, 0, 0)


def _raise_file_limit(in_flight: int) -> None:
    """Room for a socket per request in flight, as far as the hard limit goes: our own limit is not their outage."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = in_flight + _SPARE_FILES
    allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def main(arguments: list[str]) -> int:
    """Run the job of file ``arguments[0]``, log to ``arguments[1]``; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job_file, out_file = map(Path, arguments)
    job = Job.model_validate_json(job_file.read_text(encoding="utf-8"))
    _raise_file_limit(job.traffic.in_flight)
    # Unbuffered, one write a line: what ended is readable at once, and a kill tears one line at most.
    with out_file.open("ab", buffering=0) as out:
        asyncio.run(run(job, out.write))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

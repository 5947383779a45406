"""Starting, watching and stopping the probe's process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import harness
from harness.errors import EnvironmentProblem
from harness.probe.config import Traffic
from harness.probe.job import Job
from harness.probe.samples import SampleReader

LOG_NAME = "requests.jsonl"
_SAID = 2000
"""Characters of the worker's own output that an error message carries."""


class Probe:
    """A running probe. Made by ``start``; ended by ``stop``, or with the process that started it.

    Attributes:
        log: the request log.
    """

    def __init__(self, process: subprocess.Popen[bytes], traffic: Traffic, folder: Path) -> None:
        self._process = process
        self._traffic = traffic
        self._said = folder / "probe.log"
        self.log = folder / LOG_NAME

    @classmethod
    def start(
        cls, traffic: Traffic, base_url: str, run: str, anchor: float, folder: Path, env: Mapping[str, str]
    ) -> Probe:
        """Start sending ``traffic`` to ``base_url``.

        Leaves ``probe.json`` (the job), ``requests.jsonl`` and ``probe.log`` (the worker's own words) in ``folder``.
        Returns at once: the first request goes out when the worker is up, about a second later.

        Args:
            traffic: what to send.
            base_url: where users enter, such as ``http://127.0.0.1:8080``.
            run: id of the run; begins every idempotency key.
            anchor: ``time.monotonic()`` that counts as 0 in the log.
            folder: the run's folder; exists.
            env: the whole environment of the process.

        Raises:
            EnvironmentProblem: the process cannot be started.
        """
        folder = folder.resolve()
        job = Job(traffic=traffic, base_url=base_url, run=run, anchor=anchor, parent=os.getpid())
        job_file = folder / "probe.json"
        job_file.write_text(job.model_dump_json(by_alias=True, indent=1), encoding="utf-8")
        command = [sys.executable, "-m", "harness.probe.worker", str(job_file), str(folder / LOG_NAME)]
        try:
            with (folder / "probe.log").open("ab") as said:
                process = subprocess.Popen(
                    command,
                    env=dict(env),
                    # ``-m`` looks in the working directory first: the worker is of the same tree as this module.
                    cwd=Path(harness.__file__).parent.parent,
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as problem:
            raise EnvironmentProblem(
                f"cannot start the probe with {sys.executable}: {problem.strerror}", next_step="run `drill doctor`"
            ) from problem
        return cls(process, traffic, folder)

    @property
    def pid(self) -> int:
        """Process id; leader of its own session and process group."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def require_alive(self) -> None:
        """Raise EnvironmentProblem with the worker's last words if it is gone: without traffic nothing is known."""
        if not self.alive():
            said = self._said.read_text(encoding="utf-8", errors="replace")[-_SAID:].strip()
            raise EnvironmentProblem(
                f"the probe ended by itself (exit code {self._process.returncode}): {said or 'no output'}",
                next_step=f"see {self._said}",
            )

    def tail(self) -> SampleReader:
        """A reader of its own that starts at the first sample."""
        return SampleReader(self.log)

    def stop(self, timeout: float | None = None) -> int:
        """Stop sending, wait for what is in flight, end the process; returns its exit code (0: the log is complete).

        Safe to call again. After ``timeout`` seconds (default: the requests' timeout + 3 s) the process is killed.
        """
        if self.alive():
            self._process.terminate()
        try:
            return self._process.wait(self._traffic.timeout + 3.0 if timeout is None else timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

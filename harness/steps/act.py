"""What `act --json` tells while it runs a workflow: its steps as parts of ours, and how each job ended.

act writes a line of JSON for everything. ``stepID`` is a path (a composite action's own steps are below its own),
``stage`` is Pre, Main or Post, ``stepResult`` and ``jobResult`` stand in the last line of each. Its times have a
resolution of one second, so lines are stamped when they arrive. What is no JSON is act's own complaint.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.command import log_file
from harness.events import StepEnded, StepStarted
from harness.spi import Place, Run

SUCCESS, FAILURE = "success", "failure"
_NO_RUNNER = "Skipping unsupported platform"
_NOISE = ("Error: Job '",)
"""act's last words about a job whose result has been told."""
_KEPT = 4000
"""Characters of a part's output that the record keeps; its log has everything."""
_LONGEST_NAME = 100


@dataclass
class Part:
    """One step of a job."""

    name: str
    log: Path
    began: float
    """Monotonic time."""
    ok: bool | None = None
    """None while it runs."""
    lines: list[str] = field(default_factory=list)


@dataclass
class ActLog:
    """Takes act's lines in and writes the steps of the workflow to the timeline as parts of the step at ``place``."""

    run: Run
    place: Place
    workflow: str
    """Name of the workflow, which act puts before the names of its jobs."""
    results: dict[str, str] = field(default_factory=dict)
    """``success`` or ``failure`` of each job that ended, by its id; of a matrix the worse."""
    complaints: list[str] = field(default_factory=list)
    """What act said that belongs to no job."""
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    """By act's name of the job and the id of the step."""
    _begun: set[str] = field(default_factory=set)

    def take(self, line: str) -> None:
        """One line of act's output."""
        told = _object(line)
        if told is None:
            if line.strip() and not line.startswith(_NOISE):
                self.complaints.append(line.strip())
        elif "jobID" in told:
            self._of_job(told)

    def _of_job(self, told: Mapping[str, Any]) -> None:
        job, shown = self._job(told)
        self._begun.add(job)
        message = str(told.get("msg", ""))
        if "jobResult" in told:
            self._ended(job, str(told["jobResult"]))
        elif _NO_RUNNER in message:
            self._ended(job, FAILURE)
            self.complaints.append(f"job {shown} wants a runner that this host is not: {message.strip()}")
        elif told.get("stage") == "Main" and told.get("stepID"):
            self._of_part(shown, told, message)
        elif told.get("level") == "error":
            self.complaints.append(f"{shown}: {message.strip()}")

    def _job(self, told: Mapping[str, Any]) -> tuple[str, str]:
        """Id of the job in the workflow file, and what it is called; the jobs of a called workflow are their caller's.

        act names jobs ``WORKFLOW/JOB``, numbers those of a matrix, and puts the caller first for a called workflow.
        """
        name, identifier = str(told.get("job", "")).strip(), str(told["jobID"])
        if not name.startswith(f"{self.workflow}/"):
            caller = name.partition("/")[0]
            return caller, f"{caller} / {identifier}"
        matrix = told.get("matrix") or {}
        values = ", ".join(str(each) for each in matrix.values()) if isinstance(matrix, Mapping) else ""
        return identifier, f"{identifier} ({values})" if values else identifier

    def _ended(self, job: str, result: str) -> None:
        if self.results.get(job) != FAILURE:
            self.results[job] = result

    def _of_part(self, job: str, told: Mapping[str, Any], message: str) -> None:
        path = [str(each) for each in told["stepID"]]
        key = (str(told.get("job")), path[0])
        part = self.parts.get(key)
        if part is None:  # the first line of a step is that it runs
            self.parts[key] = self._start(f"{job} / {' '.join(str(told.get('step', path[0])).split())}")
            return
        if told.get("raw_output") or told.get("level") in ("error", "warning"):
            self._say(part, str(told.get("raw", message)))
        if "stepResult" in told and len(path) == 1:
            self._end(part, told["stepResult"] == SUCCESS)

    def _start(self, name: str) -> Part:
        name = name[:_LONGEST_NAME]
        part = Part(name, log_file(self.run, name), time.monotonic())
        self.run.timeline.write(
            StepStarted(step=name, phase=self.place.phase, attempt=self.place.attempt, part_of=self.place.step)
        )
        return part

    def _say(self, part: Part, text: str) -> None:
        text = text if text.endswith("\n") else f"{text}\n"
        part.lines.append(text.rstrip("\n"))
        with part.log.open("a", encoding="utf-8") as log:
            log.write(text)

    def _end(self, part: Part, ok: bool) -> None:
        part.ok = ok
        self.run.timeline.write(
            StepEnded(
                step=part.name,
                phase=self.place.phase,
                attempt=self.place.attempt,
                part_of=self.place.step,
                ok=ok,
                took=time.monotonic() - part.began,
                output="\n".join(part.lines)[-_KEPT:],
                log=str(part.log.relative_to(self.run.folder)),
            )
        )

    def began(self, job: str) -> bool:
        """Whether job ``job`` has begun."""
        return job in self._begun

    def told(self, counts: Callable[[str], bool]) -> Iterator[str]:
        """The run for a reader: how each job ended, then what the failing steps of jobs that count said last.

        Args:
            counts: whether a job has to succeed.
        """
        yield from (f"job {job}: {result}" for job, result in self.results.items())
        for part in self.parts.values():
            job = part.name.partition(" / ")[0].partition(" (")[0]
            if part.ok is None:
                yield f"{part.name}: never ended"
            elif not part.ok and counts(job):
                yield from (f"{part.name}: {line}" for line in part.lines[-3:] or ["failed"])
        yield from self.complaints


def _object(line: str) -> Mapping[str, Any] | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) else None

"""A run as OpenTelemetry spans: run → attempt → phase → step, at the times of the record."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, Status, StatusCode, set_span_in_context

from harness.model import Verdict
from harness.record import RECOVERY_TIME, AttemptRecord, PhaseRecord, RunRecord, StepRecord

PATIENCE = 10.0
"""Seconds after which an endpoint is given up, whatever it does."""
Attributes = Mapping[str, str | int | float | bool]


class _Ids(RandomIdGenerator):
    """The same ids for the same run: a trace that is sent again (``drill report``) replaces itself."""

    def __init__(self, run: str) -> None:
        self._random = random.Random(hashlib.sha256(run.encode()).digest())

    def generate_span_id(self) -> int:
        return self._random.getrandbits(64) or 1

    def generate_trace_id(self) -> int:
        return self._random.getrandbits(128) or 1


class _Trace:
    """The spans of one record while they are made."""

    def __init__(self, record: RunRecord) -> None:
        self.record = record
        self.kept = InMemorySpanExporter()
        named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "drill"}
        provider = TracerProvider(
            resource=Resource.create(named), id_generator=_Ids(record.run), shutdown_on_exit=False
        )
        provider.add_span_processor(SimpleSpanProcessor(self.kept))
        self._tracer = provider.get_tracer("drill")
        self._anchor = datetime.fromisoformat(record.wall).timestamp()

    def at(self, second: float) -> int:
        """Unix nanoseconds of a second of the run."""
        return round((self._anchor + second) * 1e9)

    def span(self, name: str, parent: Span | None, began: float, ok: bool | None, attributes: Attributes) -> Span:
        """A started span; where ``ok`` is false, or never came to be known, it is an error."""
        context = set_span_in_context(parent) if parent else Context()
        made = self._tracer.start_span(name, context, start_time=self.at(began), attributes=dict(attributes))
        made.set_status(Status(StatusCode.OK if ok else StatusCode.ERROR))
        return made

    def whole(self) -> None:
        """The span of the run, and in it all others."""
        record = self.record
        recovery = record.metric(RECOVERY_TIME).value
        told: dict[str, str | float] = {
            "drill.run": record.run,
            "drill.scenario": record.scenario,
            "drill.path": record.path,
            "drill.verdict": str(record.verdict),
        }
        if recovery is not None:
            told["drill.recovery_time"] = recovery
        run = self.span(f"drill {record.scenario}", None, 0.0, record.verdict == Verdict.PASSED, told)
        self._moments(run)
        attempts = {each.number: self.attempt(run, each) for each in record.attempts if each.started is not None}
        for phase in record.phases:
            self.phase(attempts.get(phase.attempt or 0, run), phase)
        for number, span in attempts.items():
            span.end(self.at(max(self._end(each) for each in record.phases if each.attempt == number)))
        run.end(self.at(record.took))

    def _moments(self, run: Span) -> None:
        outage, detected = self.record.outage, self.record.detected
        if outage:
            run.add_event("first bad response", timestamp=self.at(outage.first_bad))
        if detected:
            run.add_event("detected", {"drill.by": detected.by}, self.at(detected.at))
        if outage and outage.recovered is not None:
            run.add_event("recovered", timestamp=self.at(outage.recovered))

    def attempt(self, run: Span, attempt: AttemptRecord) -> Span:
        """The span of an attempt with its findings; ended by ``whole``."""
        told: dict[str, str | int] = {"drill.attempt": attempt.number, "drill.rung": attempt.rung}
        began = attempt.started or 0.0
        span = self.span(f"attempt {attempt.number}: {attempt.name}", run, began, attempt.recovered, told)
        for finding in attempt.findings:
            told_of = {"drill.finding": finding.mode, "drill.title": finding.title, "drill.check": finding.check}
            span.add_event("finding", told_of, self.at(finding.seen_at))
        return span

    def phase(self, parent: Span, phase: PhaseRecord) -> None:
        """A phase and its steps."""
        span = self.span(str(phase.name), parent, phase.started, phase.ok, {"drill.summary": phase.summary})
        steps: dict[str, Span] = {}
        for step in self.record.steps:
            if (step.phase, step.attempt) == (phase.name, phase.attempt) and step.started is not None:
                made = self.step(steps.get(step.part_of, span), step, step.started, self._end(phase))
                if not step.part_of:
                    steps[step.step] = made
        span.end(self.at(self._end(phase)))

    def step(self, parent: Span, step: StepRecord, began: float, latest: float) -> Span:
        """A command of the team's, or a part of one; ended already."""
        told: dict[str, str | int] = {"drill.command": step.command, "drill.log": step.log}
        if step.exit_code is not None:
            told["process.exit.code"] = step.exit_code
        span = self.span(step.step, parent, began, step.ok, told)
        span.end(self.at(latest if step.took is None else began + step.took))
        return span

    def _end(self, phase: PhaseRecord) -> float:
        return self.record.took if phase.ended is None else phase.ended


def spans(record: RunRecord) -> Sequence[ReadableSpan]:
    """The spans of ``record``, children before their parents."""
    trace = _Trace(record)
    trace.whole()
    return trace.kept.get_finished_spans()


def send(made: Sequence[ReadableSpan]) -> bool:
    """Whether the endpoint of the environment took ``made``. Returns after ``PATIENCE`` seconds at the latest."""
    logging.getLogger("opentelemetry").addHandler(logging.NullHandler())  # what it says is told once, by the caller
    taken: list[SpanExportResult] = []
    # A thread that nobody waits for longer: the exporter's own timeout is one of each read, not of the whole.
    thread = threading.Thread(target=lambda: taken.append(OTLPSpanExporter().export(made)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return taken == [SpanExportResult.SUCCESS]

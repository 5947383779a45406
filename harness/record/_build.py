"""From a run folder to its record, and the record to ``run.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from harness.errors import UsageProblem
from harness.events import FORMAT, RunStarted
from harness.model import Phase, Snapshot, Verdict
from harness.probe.samples import Sample, read_samples
from harness.record._fold import Story, fold
from harness.record._measure import measure, metrics
from harness.record._model import Compared, EffectRecord, EffectsRecord, RunRecord
from harness.timeline import read_timeline

RUN_FILE = "run.json"
TIMELINE_FILE = "timeline.jsonl"
REQUESTS_FILE = "requests.jsonl"
BASELINE_LABEL = "S0"
"""Label of the snapshot that everything is compared with."""


def build_record(folder: Path) -> RunRecord:
    """The record of the run in ``folder``: a pure function of its timeline, request log and snapshots.

    Without a verdict on the timeline the record's verdict is *error* or *interrupted*; ``harness.verdict.judge``
    looks at what was measured and ignores it.

    Raises:
        UsageProblem: the folder holds no run that this version can read.
    """
    story = _read_story(folder)
    if story.start is None:
        raise UsageProblem(
            f"{folder / TIMELINE_FILE}: expected `run.started` as the first event, found none",
            next_step="the run ended before it had a name; run the drill again",
        )
    return _record(story, story.start, read_samples(folder / REQUESTS_FILE), _compared(folder, story))


def write_run_json(folder: Path) -> RunRecord:
    """Build the record of ``folder`` and replace ``run.json`` by it, whole or not at all.

    Raises:
        UsageProblem: as ``build_record``.
        OSError: the file cannot be written.
    """
    record = build_record(folder)
    replace_text(folder / RUN_FILE, record_json(record))
    return record


def record_json(record: RunRecord) -> str:
    """``record`` as ``run.json`` has it."""
    return record.model_dump_json(indent=1) + "\n"


def replace_text(file: Path, text: str) -> None:
    """Write ``file`` so that a reader sees the old text or the new one, never a part. Raises OSError."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        # A lone surrogate (a broken byte of some command's output) must not cost the report.
        fresh.write_text(text, encoding="utf-8", errors="replace")
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)


def record_schema() -> str:
    """JSON Schema of ``run.json``, as the shipped ``harness/report/run.schema.json`` has it: a line a definition."""
    schema = RunRecord.model_json_schema(mode="serialization")
    parts = [f"{json.dumps(key)}: {_lines(value)}" for key, value in schema.items()]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _lines(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(part)}" for key, part in value.items()) + "\n}"


def _read_story(folder: Path) -> Story:
    try:
        story = fold(read_timeline(folder / TIMELINE_FILE))
    except FileNotFoundError as problem:
        raise UsageProblem(
            f"{folder}: expected a run folder with {TIMELINE_FILE}, found none",
            next_step="name a folder below reports/, such as the one that `drill run` printed",
        ) from problem
    except ValueError as problem:
        raise UsageProblem(
            str(problem), next_step="the file was changed, or another version of drill wrote it"
        ) from problem
    if story.start and story.start.format != FORMAT:
        raise UsageProblem(
            f"{folder / TIMELINE_FILE}: expected event format {FORMAT}, got {story.start.format}",
            next_step="render it with the version of drill that ran it",
        )
    return story


def _compared(folder: Path, story: Story) -> tuple[Compared, ...]:
    file = story.snapshots.get(BASELINE_LABEL)
    if file is None or not story.residue:
        return ()
    try:
        if not (folder / file).resolve(strict=True).is_relative_to(folder.resolve()):
            return ()  # a timeline of others may name any file of this host
        snapshot = Snapshot.model_validate_json((folder / file).read_bytes())
    except (OSError, ValidationError):
        return ()  # the report then says that it is not known what was compared
    return tuple(Compared(layer=name, keys=len(keys)) for name, keys in sorted(snapshot.layers.items()))


def _record(story: Story, start: RunStarted, samples: Sequence[Sample], compared: tuple[Compared, ...]) -> RunRecord:
    measured = measure(story, start, samples)
    verdict, reasons = _verdict(story)
    told = start.model_dump(exclude={"at", "kind", "format", "monotonic", "pid"})
    return RunRecord(
        **told,
        took=story.last_at,
        phases=tuple(story.phases),
        attempts=story.attempts(),
        findings=tuple(story.findings),
        residue=story.residue[max(story.residue)] if story.residue else None,
        compared=compared,
        checks=tuple(story.checks.values()),
        forecast=story.forecast,
        fault=story.fault,
        detected=story.detected,
        outage=measured.outage,
        requests=measured.requests,
        metrics=metrics(story, start, measured),
        latency=measured.latency,
        writes=measured.writes,
        effects=_effects(story),
        facts=tuple(story.facts.values()),
        releases=tuple(story.releases),
        steps=tuple(story.steps),
        sabotages=tuple(story.sabotages),
        left_behind=tuple(story.left_behind),
        notes=tuple(story.notes),
        untold=tuple(story.untold),
        error=story.error,
        interrupted_by=story.interrupted_by,
        verdict=verdict,
        reasons=reasons,
    )


def _effects(story: Story) -> EffectsRecord | None:
    s0 = story.taken.get(BASELINE_LABEL)
    if story.counted is None or s0 is None:
        return None
    seen: set[tuple[str, str, str]] = set()
    found = []
    for effect in sorted(story.counted.effects, key=lambda each: each.at):
        same = (effect.kind, effect.key, effect.to)
        if effect.at >= s0:
            found.append(EffectRecord(**effect.model_dump(), duplicate=same in seen))
        seen.add(same)
    return EffectsRecord(effects=tuple(found), unknown=story.counted.unknown)


def _verdict(story: Story) -> tuple[Verdict, tuple[str, ...]]:
    if story.verdict:
        return story.verdict.verdict, story.verdict.reasons
    where = _last_phase(story)
    if story.interrupted_by:
        return Verdict.INTERRUPTED, (f"The run was ended by {story.interrupted_by} {where}.",)
    if story.error:
        return Verdict.ERROR, (f"{story.error.error} in phase {story.error.phase}: {story.error.message}",)
    ended = f"The timeline ends after {story.last_at:.1f} s {where}, without a verdict"
    return Verdict.INTERRUPTED, (f"{ended}: the run's process was killed, or it is still running.",)


def _last_phase(story: Story) -> str:
    if not story.phases:
        return "before its first phase"
    last = story.phases[-1]
    name = last.name if last.attempt is None or last.name == Phase.ATTEMPT else f"{last.name} of attempt"
    number = "" if last.attempt is None else f" {last.attempt}"
    return f"{'after' if last.ended is not None else 'in'} phase {name}{number}"

"""What a run proves, as an in-toto Statement v1 with the predicate test-result v0.1.

=============  =======================================================================================
field          what it holds here
=============  =======================================================================================
subject        the files of the run folder, and the images of the releases that were drilled
result         ``PASSED``; ``WARNED``: passed, with a first attempt that broke as the path declares;
               ``FAILED``: everything else, because what was not proven is no pass
configuration  the scenario file, and every fact of the stack, each with whether it was simulated
*Tests         budgets, checks of the last attempt, and findings, by name
=============  =======================================================================================

The subject ``run.json`` is annotated with who drilled what, when, and the figures that people ask for first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict, Parse, ParseError
from in_toto_attestation.predicates.test_result.v0.test_result_pb2 import TestResult
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from pydantic import BaseModel, ConfigDict

from harness.evidence.envelope import Unproven
from harness.model import Frozen, Outcome, Verdict
from harness.record import RECOVERY_TIME, RUN_FILE, WRITES_LOST, RunRecord

PREDICATE_TYPE = "https://in-toto.io/attestation/test-result/v0.1"
_RELEASE = "release"
"""Annotation that tells the image of a release from a file of the run folder."""


class Told(BaseModel):
    """The sentence of a run in parts: who drilled what, when, with what result; the annotations of ``run.json``."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)
    run: str = ""
    scenario: str = ""
    path: str = ""
    changes: str = ""
    started: str = ""
    operator: str = ""
    commit: str = ""
    verdict: str = ""
    recovery_time_s: str = ""
    writes_lost: str = ""
    findings: str = ""


class Claim(Frozen):
    """What a signed statement says about a run."""

    files: Mapping[str, str]
    """SHA-256 of the run folder's files by name."""
    told: Told


def statement(record: RunRecord, files: Mapping[str, str]) -> bytes:
    """The statement about ``record``, whose folder holds ``files``, as JSON."""
    notes = told(record).model_dump()
    subjects = [
        ResourceDescriptor(name, digest={"sha256": digest}, annotations=notes if name == RUN_FILE else None)
        for name, digest in files.items()
    ]
    made = Statement([each.pb for each in (*subjects, *_images(record))], PREDICATE_TYPE, _predicate(record))
    made.validate()
    return json.dumps(MessageToDict(made.pb), ensure_ascii=False, sort_keys=True).encode()


def claim(payload: bytes) -> Claim:
    """What the statement in ``payload`` says, read only after its signature was checked. Raises Unproven."""
    try:
        message = Parse(payload, StatementMessage(), ignore_unknown_fields=True)
        Statement.copy_from_pb(message).validate()
    except (ParseError, ValueError, RecursionError) as problem:
        raise Unproven(f"it holds no in-toto statement: {problem}") from problem
    if message.predicate_type != PREDICATE_TYPE:
        raise Unproven(f"it is about {json.dumps(message.predicate_type[:80])}, expected {PREDICATE_TYPE}")
    files, notes = {}, Told()
    for subject in message.subject:
        annotations = MessageToDict(subject.annotations)
        if _RELEASE not in annotations:
            files[subject.name] = subject.digest["sha256"]
        if subject.name == RUN_FILE:
            notes = Told.model_validate(annotations)
    return Claim(files=files, told=notes)


def told(record: RunRecord) -> Told:
    """What ``record`` says in a sentence."""
    recovery = record.metric(RECOVERY_TIME).value
    lost = record.metric(WRITES_LOST).value
    return Told(
        run=record.run,
        scenario=record.scenario,
        path=record.path,
        changes=" ".join(record.changes),
        started=record.wall,
        operator=record.operator,
        commit=record.commit,
        verdict=record.verdict.value,
        recovery_time_s="" if recovery is None else f"{recovery:.3f}",
        writes_lost="" if lost is None else f"{lost:.0f}",
        findings=" ".join(dict.fromkeys(finding.mode for finding in record.findings)),
    )


def _images(record: RunRecord) -> Iterator[ResourceDescriptor]:
    for each in record.releases:
        algorithm, _, digest = each.digest.partition(":")
        if digest:
            notes = {_RELEASE: each.release, "role": each.role, "version": each.version}
            yield ResourceDescriptor(each.image, digest={algorithm: digest}, annotations=notes)


def _predicate(record: RunRecord) -> dict[str, Any]:
    tests = dict(_tests(record))
    warned = record.verdict == Verdict.PASSED and any(name.startswith("finding ") for name in tests)
    result = TestResult(
        result=("WARNED" if warned else "PASSED") if record.verdict == Verdict.PASSED else "FAILED",
        configuration=[each.pb for each in _configuration(record)],
        **{
            field: [name for name, outcome in tests.items() if outcome == wanted]
            for field, wanted in (
                ("passed_tests", Outcome.PASS),
                ("warned_tests", Outcome.UNKNOWN),
                ("failed_tests", Outcome.FAIL),
            )
        },
    )
    return dict(MessageToDict(result))


def _configuration(record: RunRecord) -> Iterator[ResourceDescriptor]:
    digest = {"sha256": record.scenario_digest} if record.scenario_digest else None
    yield ResourceDescriptor(f"{record.scenario}.yaml", digest=digest, annotations={"command": record.command})
    for fact in record.facts:
        yield ResourceDescriptor(
            fact.name,
            content=fact.value.encode(),
            media_type="text/plain",
            annotations={"value": fact.value, "simulated": fact.simulated},
        )


def _tests(record: RunRecord) -> Iterator[tuple[str, Outcome]]:
    """Budgets, the last attempt's checks, findings. What is not known, or was declared to break, is a warning."""
    answers = {True: Outcome.PASS, False: Outcome.FAIL, None: Outcome.UNKNOWN}
    for metric in record.metrics:
        if metric.budget is not None:
            yield f"budget {metric.name}", answers[metric.within]
    for check in record.verify_checks(len(record.attempts)):
        yield f"check {check.name}", check.outcome
    declared = record.expected_findings if record.verdict == Verdict.PASSED else ()
    for finding in record.findings:
        yield f"finding {finding.mode}", Outcome.UNKNOWN if finding.mode in declared else Outcome.FAIL

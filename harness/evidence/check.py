"""Checking a run: with a key, whether it is what was signed; without one, whether it contradicts itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from securesystemslib.signer import SSlibKey

from harness import history
from harness.evidence.envelope import ATTESTATION_FILE, LONGEST, Unproven, opened, signers
from harness.evidence.folder import NO_FILE, digests, read_bounded
from harness.evidence.rederive import DERIVED, differences, is_source, shown
from harness.evidence.statement import Claim, Told, claim, told
from harness.model import Frozen
from harness.record import RUN_FILE, RunRecord

_LONGEST_RECORD = 64 * 1024**2


class Checked(Frozen):
    """The answer about one run."""

    run: str
    against: Literal["signature", "timeline"]
    """What it was held against."""
    signed_by: str = ""
    """Id of the key that signed it; empty where no signature was proven."""
    told: Told | None = None
    """What the statement says or, where no key was given, the record."""
    problems: tuple[str, ...] = ()
    """What is wrong, one line each; empty: nothing is."""
    notes: tuple[str, ...] = ()
    """What was not or could not be asked."""


def check_signed(folder: Path, keys: list[SSlibKey]) -> Checked:
    """Whether ``folder`` is what one of ``keys`` signed. Raises EnvironmentProblem where it cannot be read."""
    answer = Checked(run=folder.name, against="signature")
    try:
        payload, key = opened(_attestation(folder), keys)
        said = claim(payload)
    except Unproven as problem:
        return answer.model_copy(update={"problems": (f"{ATTESTATION_FILE}: {problem}",)})
    problems = list(_changed(folder, said))
    if said.told.run != folder.name:
        problems.insert(0, f"signed was run {shown(said.told.run)}: renamed, or another run's files were put here")
    return answer.model_copy(update={"signed_by": key.keyid, "told": said.told, "problems": tuple(problems)})


def check_unsigned(folder: Path) -> Checked:
    """Whether ``folder`` contradicts itself or the history beside it; proves nothing about who wrote it."""
    problems = differences(folder, digests(folder))
    notes = ["no signature was checked: whoever can write here can make all of it again (give --key)"]
    row = next((each for each in history.read(folder.parent) if each.run == folder.name), None)
    if row is None:
        notes.append(f"the history of {folder.parent} does not know this run")
    elif history.edited(folder.parent, row):
        problems.append(f"{RUN_FILE}: not the one that the history of {folder.parent} knows ({row.verdict.value})")
    try:
        notes.append(f"it claims to be signed with key {', '.join(signers(_attestation(folder)))}")
    except Unproven as problem:
        notes.append(f"{ATTESTATION_FILE}: {problem}")
    record = _record(folder)
    return Checked(
        run=folder.name,
        against="timeline",
        told=told(record) if record else None,
        problems=tuple(problems),
        notes=tuple(notes),
    )


def _attestation(folder: Path) -> bytes:
    try:
        return read_bounded(folder / ATTESTATION_FILE, LONGEST)
    except FileNotFoundError as problem:
        raise Unproven("not there: this run is not signed") from problem
    except OSError as problem:
        raise Unproven(f"cannot be read: {problem.strerror}") from problem
    except ValueError as problem:
        raise Unproven(f"it is no DSSE envelope: {problem}") from problem


def _changed(folder: Path, said: Claim) -> Iterator[str]:
    """Names of what is not as it was signed. Only names that the folder has are ever opened."""
    has = digests(folder)
    for name in sorted({*said.files, *has}):
        if name not in has:
            yield f"{shown(name)}: missing"
        elif name not in said.files:
            yield f"{shown(name)}: added after it was signed"
        elif has[name] != said.files[name]:
            yield f"{shown(name)}: changed{f', it is {NO_FILE}' if has[name] == NO_FILE else ''}"
    altered = {name for name in has if has[name] != said.files.get(name)}
    if altered & set(DERIVED):
        yield from _how(folder, has, said, altered)


def _how(folder: Path, has: Mapping[str, str], said: Claim, altered: set[str]) -> Iterator[str]:
    """In which fields; the timeline tells them where it is untouched, else only what the statement itself holds."""
    if not any(map(is_source, {*altered, *(set(said.files) - set(has))})):
        yield from (f"  {line}" for line in differences(folder, has) if line.partition(":")[0] in altered)
        return
    record = _record(folder)
    if record is None or RUN_FILE not in altered:
        return
    for (name, signed), (_, now) in zip(said.told, told(record), strict=True):
        if now != signed:
            yield f"  {RUN_FILE}: {name} is {shown(now) or 'empty'}, signed was {shown(signed) or 'empty'}"


def _record(folder: Path) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(read_bounded(folder / RUN_FILE, _LONGEST_RECORD))
    except (OSError, ValueError, ValidationError):
        return None

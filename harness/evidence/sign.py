"""Signing a run that has ended."""

from __future__ import annotations

from pathlib import Path

from harness.errors import EnvironmentProblem, UsageProblem
from harness.evidence.envelope import ATTESTATION_FILE, sealed
from harness.evidence.folder import NO_FILE, digests
from harness.evidence.keys import Signer
from harness.evidence.rederive import differences
from harness.evidence.statement import statement
from harness.ledger import dead_run, open_entries
from harness.record import build_record, replace_text


def sign_run(folder: Path, signer: Signer) -> Path:
    """Write the attestation of the run in ``folder``; returns its file.

    Raises:
        UsageProblem: the run goes on, left something behind, or its reports are not what it wrote.
        EnvironmentProblem: the file cannot be written.
    """
    with dead_run(folder) as ended:
        if not ended:
            raise UsageProblem(f"run {folder.name} is still going on", next_step="sign it when it has ended")
        if open_entries(folder):
            raise UsageProblem(
                f"run {folder.name} left something behind, and removing it will be written into it",
                next_step="`drill reap`, then sign",
            )
        files = digests(folder)
        odd = [name for name, digest in files.items() if digest == NO_FILE]
        if odd:
            raise UsageProblem(
                f"{folder}: {', '.join(odd)}: {NO_FILE}", next_step="remove it; only files can be signed"
            )
        if changed := differences(folder, files):
            raise UsageProblem(
                "\n".join([f"run {folder.name} is not what its timeline says:", *changed]),
                next_step=f"`drill report {folder.name}` renders its reports again",
            )
        text = sealed(statement(build_record(folder), files), signer)
        try:
            replace_text(folder / ATTESTATION_FILE, text)
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {folder / ATTESTATION_FILE}: {problem.strerror}") from problem
    return folder / ATTESTATION_FILE

"""Signing keys: PEM files as ``openssl genpkey`` makes them, or as ``drill sign --new-key`` does."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.signer import CryptoSigner, SSlibKey

from harness.errors import EnvironmentProblem, UsageProblem
from harness.evidence.folder import read_bounded

Signer = CryptoSigner
"""A private key at work."""
_LONGEST = 64 * 1024
_HOW = "`drill sign --new-key FILE` makes a pair: FILE (private) and FILE.pub"


def new_key(file: Path) -> SSlibKey:
    """Make an Ed25519 pair: ``file`` (mode 0600) and ``file.pub``. Raises UsageProblem where one is there already."""
    signer, public_file = Signer(made := Ed25519PrivateKey.generate()), file.with_name(file.name + ".pub")
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    # The public file first: where it is there already, no private one is left behind.
    for path, content, mode in ((public_file, public, 0o644), (file, signer.private_bytes, 0o600)):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as output:
                output.write(content)
        except FileExistsError as problem:
            raise UsageProblem(
                f"{path} is there already", next_step="a key is never overwritten; name another file"
            ) from problem
        except OSError as problem:
            raise EnvironmentProblem(f"cannot write {path}: {problem.strerror}") from problem
    return signer.public_key


def private_key(file: Path, runs: Path) -> Signer:
    """The signer of a private key that only its owner can read and that lies outside ``runs``. Raises UsageProblem."""
    data = _read(file, "private")
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise UsageProblem(f"others can read the private key {file}", next_step=f"chmod 600 {file}")
    if file.resolve().is_relative_to(runs.resolve()):
        raise UsageProblem(
            f"the private key {file} lies in the folder of the runs, which is evidence for others to read",
            next_step="keep it elsewhere, and take it for known if anybody has seen that folder",
        )
    try:
        return Signer(load_pem_private_key(data, None))
    except TypeError as problem:
        raise UsageProblem(
            f"the private key {file} is encrypted", next_step=f"openssl pkey -in {file} -out PLAIN, mode 0600"
        ) from problem
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise UsageProblem(
            f"{file} is no private key (PEM) that can sign: {_reason(problem)}", next_step=_HOW
        ) from problem


def public_key(file: Path) -> SSlibKey:
    """The public key in ``file``. Raises UsageProblem."""
    data = _read(file, "public")
    if b"PRIVATE KEY" in data:
        raise UsageProblem(
            f"{file} is a private key", next_step=f"verify with the public one: openssl pkey -in {file} -pubout"
        )
    try:
        return SSlibKey.from_crypto(load_pem_public_key(data))
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise UsageProblem(
            f"{file} is no public key (PEM) of a known kind: {_reason(problem)}", next_step=_HOW
        ) from problem


def _read(file: Path, kind: str) -> bytes:
    try:
        return read_bounded(file.resolve(), _LONGEST)
    except OSError as problem:
        raise UsageProblem(f"cannot read the {kind} key {file}: {problem.strerror}", next_step=_HOW) from problem
    except ValueError as problem:
        raise UsageProblem(f"{file} is no {kind} key: {problem}", next_step=_HOW) from problem


def _reason(problem: Exception) -> str:
    return str(problem).partition(".")[0]

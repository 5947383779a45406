"""The DSSE envelope of a run (https://github.com/secure-systems-lab/dsse), by securesystemslib."""

from __future__ import annotations

import json

from pydantic import BaseModel, ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, UnverifiedSignatureError
from securesystemslib.signer import CryptoSigner, Signature, SSlibKey

ATTESTATION_FILE = "attestation.dsse.json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
LONGEST = 4 * 1024**2
"""Bytes of an envelope that is read; one of a run with 200 files has 60 kB."""


class Unproven(Exception):
    """An envelope does not prove what it says; the message says why. Never leaves this package."""


class _Signature(BaseModel):
    keyid: str = ""
    sig: str


class _Envelope(BaseModel):
    payload: str
    payloadType: str
    signatures: list[_Signature]


def sealed(payload: bytes, signer: CryptoSigner) -> str:
    """``payload`` in an envelope, as text."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=1) + "\n"


def opened(text: bytes, keys: list[SSlibKey]) -> tuple[bytes, SSlibKey]:
    """The payload of an envelope and the one of ``keys`` that signed it. Raises Unproven."""
    envelope = _parsed(text)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise Unproven(f"its payload type is {_shown(envelope.payload_type)}, expected {PAYLOAD_TYPE}")
    if not envelope.signatures:
        raise Unproven("it has no signature")
    # Every key is tried on every signature: the key id in an envelope is a hint that anybody can write (DSSE 1.0).
    for key in keys:
        if any(_signed(envelope, each, key) for each in envelope.signatures.values()):
            return envelope.payload, key
    given = {key.keyid for key in keys}
    if given & set(envelope.signatures):
        raise Unproven("its signature does not fit its content: the envelope was forged or edited")
    others = ", ".join(_shown(keyid[:16]) for keyid in envelope.signatures)
    raise Unproven(f"it was signed with another key: {others}, not {', '.join(each[:16] for each in sorted(given))}")


def signers(text: bytes) -> tuple[str, ...]:
    """Key ids that an envelope claims; nothing is checked. Raises Unproven."""
    return tuple(_shown(keyid[:16]) for keyid in _parsed(text).signatures)


def _signed(envelope: Envelope, signature: Signature, key: SSlibKey) -> bool:
    try:
        key.verify_signature(Signature(key.keyid, signature.signature), envelope.pae())
    except UnverifiedSignatureError:
        return False
    return True


def _parsed(text: bytes) -> Envelope:
    try:
        return Envelope.from_dict(_Envelope.model_validate_json(text).model_dump())
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Unproven(f"it is no DSSE envelope: {where + ': ' if where else ''}{first['msg']}") from problem
    except (ValueError, FormatError, KeyError) as problem:
        raise Unproven(f"it is no DSSE envelope: {_shown(str(problem))}") from problem


def _shown(text: str) -> str:
    """Text of a stranger, for a terminal."""
    return json.dumps(text[:80])

"""Whom a role trusts: AWS asks the role's trust policy about the token of a web identity, emulators hand out keys."""

from __future__ import annotations

import base64
import fnmatch
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

from harness.tap import Operation, Refusal, Request, Upstream

ACTION = "AssumeRoleWithWebIdentity"
_POLICY = re.compile(r"<AssumeRolePolicyDocument>(.*?)</AssumeRolePolicyDocument>", re.DOTALL)
_SIGNED = "AWS4-HMAC-SHA256 Credential=drill/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0"
"""By its scope an emulator knows that a call is for IAM; it checks no signature."""
_OPERATORS: Mapping[str, Callable[[str, str], bool]] = {"StringEquals": str.__eq__, "StringLike": fnmatch.fnmatchcase}
"""Of a condition; whatever else is asked is not met, as an unknown key is not (IAM, "Condition operators")."""


@dataclass(frozen=True)
class TrustPolicy:
    """STS: a token assumes a role only where the role's trust policy allows its issuer, subject and audience.

    The token's signature is not looked at: a drill has no issuer that could sign one.
    """

    name: str = "sts-trust-policy"
    source: str = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Refusal | None:  # noqa: ARG002
        """Asks IAM for the role and compares."""
        if (operation.service, operation.action) != ("sts", ACTION):
            return None
        said = operation.parameters or {}
        claims = _claims(str(said.get("WebIdentityToken", "")))
        if not claims:
            return 400, "InvalidIdentityToken", "The ID Token provided is not a valid JWT."
        for statement in await _trusts(str(said.get("RoleArn", "")).rpartition("/")[2], upstream):
            if _allows(statement, claims):
                return None
        return 403, "AccessDenied", f"Not authorized to perform sts:{ACTION}"


def _claims(token: str) -> Mapping[str, str]:
    """What a JSON Web Token says (RFC 7519, 3); nothing where it is none."""
    parts = token.split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        said = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError):
        return {}
    return {name: str(value) for name, value in said.items()} if isinstance(said, dict) else {}


async def _trusts(role: str, upstream: Upstream) -> Sequence[Mapping[str, Any]]:
    """Statements of the role's trust policy; none where there is no such role."""
    body = urlencode({"Action": "GetRole", "Version": "2010-05-08", "RoleName": role}).encode()
    headers = {"authorization": _SIGNED, "content-type": "application/x-www-form-urlencoded"}
    told = (await upstream(Request("POST", "/", headers, body))).body.decode("utf-8", "replace")
    found = _POLICY.search(told)
    try:
        policy = json.loads(unquote(found[1]).replace("&quot;", '"')) if found else {}
    except ValueError:
        return []
    statements = policy.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def _allows(statement: Mapping[str, Any], claims: Mapping[str, str]) -> bool:
    """Whether a statement lets the token in; each condition has to be met, one of its values is enough."""
    issuer = claims.get("iss", "").removeprefix("https://")
    federated = str((statement.get("Principal") or {}).get("Federated", ""))
    asked = [
        (operator, key, values)
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]
    return (
        statement.get("Effect") == "Allow"
        and f"sts:{ACTION}" in _listed(statement.get("Action"))
        and federated.endswith(f":oidc-provider/{issuer}")
        and all(_met(operator, key, _listed(values), issuer, claims) for operator, key, values in asked)
    )


def _met(operator: str, key: str, values: Sequence[str], issuer: str, claims: Mapping[str, str]) -> bool:
    compare = _OPERATORS.get(operator)
    claim = claims.get(key.removeprefix(f"{issuer}:")) if key.startswith(f"{issuer}:") else None
    return compare is not None and claim is not None and any(compare(claim, each) for each in values)


def _listed(said: Any) -> Sequence[str]:
    return said if isinstance(said, list) else [str(said)]

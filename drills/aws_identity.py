"""Who signed a call: AWS takes no key that does not exist or has expired, emulators take any."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from harness.tap import Answer, Operation, Refusal, Request, Upstream

KEY = "drill"
"""The access key that commands get; it means nothing anywhere else."""
_SIGNED = re.compile(r"Credential=([^/,\s]+)/")
"""Signature Version 4 (AWS, "Elements of an AWS API request signature")."""
_NEW_KEY, _EXPIRES = re.compile(r"<AccessKeyId>([^<]+)</"), re.compile(r"<Expiration>([^<]+)</")
_GIVES_KEYS = frozenset({"AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken", "CreateAccessKey"})
_UNKNOWN = {
    "s3": ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."),
    "json": ("UnrecognizedClientException", "The security token included in the request is invalid."),
    "query": ("InvalidClientTokenId", "The security token included in the request is invalid."),
}


@dataclass
class Credentials:
    """A call is signed with the run's key, or with one that STS or IAM gave through this tap and that is still good."""

    clock: Callable[[], float] = time.time
    name: str = "aws-credentials"
    source: str = "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html"
    _until: dict[str, float] = field(default_factory=lambda: {KEY: math.inf}, init=False)
    """When each known key expires, on ``clock``."""

    def expire(self) -> None:
        """The run's key is good no longer."""
        self._until[KEY] = -math.inf

    def renew(self) -> None:
        """It is good again."""
        self._until[KEY] = math.inf

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | Refusal | None:
        """Refuses what is unknown or expired; remembers which keys are given. An unsigned call is the endpoint's."""
        signed = _SIGNED.search(request.headers.get("authorization", ""))
        if signed:
            until = self._until.get(signed[1])
            if until is None:
                return 403, *_UNKNOWN[_protocol(operation, request)]
            if self.clock() >= until:
                return 403, "ExpiredTokenException", "The security token included in the request is expired"
        if operation.service not in ("sts", "iam") or operation.action not in _GIVES_KEYS:
            return None
        answer = await upstream(request)
        self._remember(answer.body.decode("utf-8", "replace"))
        return answer

    def _remember(self, said: str) -> None:
        key, expires = _NEW_KEY.search(said), _EXPIRES.search(said)
        if key:
            self._until[key[1]] = datetime.fromisoformat(expires[1]).timestamp() if expires else math.inf


def _protocol(operation: Operation, request: Request) -> str:
    if operation.service == "s3":
        return "s3"
    return "query" if b"Action=" in request.body[:4096] and "x-amz-target" not in request.headers else "json"

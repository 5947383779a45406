"""Secrets never reach an output: every writer passes its text through one ``Redactor``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping

MASK = "[redacted]"
_SHORTEST = 6
"""Shorter values are not masked: they would blank out ordinary words."""
_SENSITIVE_NAME = re.compile(
    r"(ACCESS_KEY|SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|PRIVATE_KEY|API_?KEY|SESSION_KEY)", re.IGNORECASE
)
_SHAPES = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{8,}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S
)
"""Values that are secret whoever wrote them: AWS access key ids (IAM user guide, unique identifiers), PEM keys."""


class Redactor:
    """Masks known secret values and things that have the shape of one."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._values: set[str] = set()
        for name, value in (os.environ if environment is None else environment).items():
            if _SENSITIVE_NAME.search(name):
                self.add(value)

    def add(self, value: str) -> None:
        """Mask ``value`` from now on, in its plain and its JSON-escaped form."""
        if len(value) >= _SHORTEST:
            self._values.update({value, json.dumps(value)[1:-1]})

    def clean(self, text: str) -> str:
        """``text`` without secrets."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return _SHAPES.sub(MASK, text)

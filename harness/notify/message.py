"""What is said: a title and one line a field; every value is text of others, and stays text on its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.report.escape import one_line

Kind = Literal["info", "success", "warning", "failure"]
"""Apprise's kinds of messages; most services show them by a colour."""
Field = tuple[str, str]
_STATUS: dict[str, Kind] = {"success": "success", "failure": "failure", "failed": "failure", "cancelled": "warning"}
"""What GitHub's ``job.status`` says (GitHub Docs, *job context*), and ``failed``, as most scripts say it."""
_CALL = re.compile(r"(?<!\w)@(?=\w)")
"""What calls people in most services (``@here``) and is no address; an invisible joiner after it calls nobody."""
_LONGEST = 300
"""Characters of a value."""
_WHOLE = 8000
"""Characters of a body. The services cut at lengths of their own, often 4,000; a process is handed this one at once."""


@dataclass(frozen=True)
class Message:
    """What everybody is told; ``body`` is plain text."""

    title: str
    body: str
    kind: Kind = "info"

    def cleaned(self, clean: Callable[[str], str]) -> Message:
        """The same without secrets."""
        return Message(clean(self.title), clean(self.body), self.kind)


def message(title: str, fields: Iterable[Field], kind: Kind = "info", link: str = "") -> Message:
    """A message of ``fields`` with a value, in their order, and ``link`` to the report as it is."""
    lines = [f"{_words(name)}: {_words(value)}" for name, value in fields if value]
    return Message(_words(title), "\n".join([*lines, *([f"report: {link}"] if link else [])])[:_WHOLE], kind)


def _words(text: str) -> str:
    # One line, so that a version with a newline forges no field and no mail header.
    line = one_line(text)
    return _CALL.sub("@\u2060", line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")


def said(title: str, fields: Sequence[Field]) -> Message:
    """What a script has to tell; the field ``status`` says which kind of message it is."""
    return message(title, fields, _STATUS.get(dict(fields).get("status", "").strip().lower(), "info"))

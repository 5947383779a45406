"""What the tap, its dialects and its rules say to each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

RULE_HEADER = "X-Drill-Rule"
"""Header by which a stand-in says which of its rules took part in an answer: name and, in brackets, the source."""


@dataclass(frozen=True)
class Request:
    """One request as the client sent it."""

    method: str
    path: str
    """Path and query, as it is on the wire."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Answer:
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Operation:
    """What a request asks for, in the vendor's words."""

    service: str
    action: str
    resource: str = ""
    parameters: Mapping[str, object] | None = None
    """The request's parameters as far as the dialect can read them; never recorded."""


Upstream = Callable[[Request], Awaitable[Answer]]
"""Asks the real endpoint, past rules and sabotages; raises OSError where it does not answer."""


class Dialect(Protocol):
    """How one vendor's API speaks."""

    def operation(self, request: Request) -> Operation:
        """What ``request`` asks for; where it cannot be told, its path as the action."""

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:
        """An error as the vendor's clients expect it."""

    def error(self, answer: Answer) -> str:
        """Code and message of an error in the vendor's format; empty where there is none."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Conformance rules of this API."""


Refusal = tuple[int, str, str]
"""Status, code and message of an error."""


class Rule(Protocol):
    """Something that the real service does otherwise than the endpoint, such as refusing what it lets through."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def source(self) -> str:
        """The vendor's documentation that says so."""

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | Refusal | None:
        """What the real service would say; None where the endpoint may."""

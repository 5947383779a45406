"""The tap: a recording reverse proxy between a rollback path and an HTTP API.

It writes each call on the timeline, refuses what the real service refuses where an emulator is too kind
(conformance rules), and breaks the machinery on request (sabotage). It knows no vendor: a ``Dialect`` does.
"""

from harness.tap.model import RULE_HEADER, Answer, Dialect, Operation, Refusal, Request, Rule, Upstream
from harness.tap.sabotage import Sabotage, parse_sabotage
from harness.tap.server import Tap, Taps

__all__ = [
    "RULE_HEADER",
    "Answer",
    "Dialect",
    "Operation",
    "Refusal",
    "Request",
    "Rule",
    "Sabotage",
    "Tap",
    "Taps",
    "Upstream",
    "parse_sabotage",
]

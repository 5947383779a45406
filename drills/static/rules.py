"""Rules of the vendors that a stand-in keeps, and how the report learns which of them took part."""

from __future__ import annotations

from dataclasses import dataclass

from harness.tap import RULE_HEADER

ASSUMED = "assumed: the vendor's documentation does not say"
"""Source of a rule that no documentation states."""


@dataclass(frozen=True)
class HostRule:
    """Something that the vendor does and a team may not expect."""

    name: str
    says: str
    """What happens, in one line; it stands in the report."""
    source: str
    """Address of the vendor's documentation, or ``ASSUMED``."""

    @property
    def told(self) -> dict[str, str]:
        """Header of an answer in which the rule took part; the tap puts it on the timeline."""
        return told(self)


def told(*rules: HostRule) -> dict[str, str]:
    """Header of an answer in which ``rules`` took part; none where none did."""
    return {RULE_HEADER: ", ".join(f"{each.name} ({each.source})" for each in rules)} if rules else {}

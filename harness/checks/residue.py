"""``uses: residue``: nothing is left that was not there before the bad release."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from typing_extensions import override

from harness.model import CheckResult, Outcome, ResidueClass, ResidueRow
from harness.residue import differences
from harness.spi import Bench, Check, Layers, Scope


class ResidueCheck(Check):
    """The state of the stack is as at S0, but for differences of a class that is allowed."""

    uses: Literal["residue"] = "residue"
    layers: tuple[str, ...] = Field(default=(), description="layers to look at; every layer when left out")
    allow: tuple[ResidueClass, ...] = Field(
        default=(ResidueClass.HARMLESS,), description="classes of differences that do not matter here"
    )

    @override
    def describe(self, scope: Scope) -> str:
        """Which layers must be back."""
        return f"{', '.join(self.layers) or 'every layer'} as at S0"

    @override
    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """Compare with S0. Until S0 is taken the state itself is the reference, and passes.

        A layer that is named and that nobody has looked at is unknown.
        """
        name = self.name or "residue"
        if bench.s0 is None:
            return CheckResult(name=name, outcome=Outcome.PASS, expected="as at S0", seen="S0 is not taken yet")
        missing = sorted({*self.layers} - {*bench.s0})
        if missing:
            seen = f"S0 has no layer {', '.join(missing)} (it has {', '.join(sorted(bench.s0))})"
            return CheckResult(name=name, outcome=Outcome.UNKNOWN, expected="as at S0", seen=seen)
        rows = differences(self._chosen(bench.s0), self._chosen(bench.snapshot()), bench.observed())
        left = [row for row in rows if row.residue_class not in self.allow]
        return CheckResult(
            name=name,
            outcome=Outcome.FAIL if left else Outcome.PASS,
            expected="as at S0",
            seen=", ".join(f"{row.layer}: {row.key}" for row in left) or "as at S0",
            evidence=tuple(_said(row) for row in left),
        )

    def _chosen(self, layers: Layers) -> Layers:
        return {name: rows for name, rows in layers.items() if not self.layers or name in self.layers}


def _said(row: ResidueRow) -> str:
    return f"{row.layer}: {row.key}: {row.before} → {row.after} ({row.residue_class.value})"

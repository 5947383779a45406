"""``uses: version``: the right version on every instance, as each of them answers itself."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from pydantic import Field

from harness.model import CheckResult, Outcome
from harness.spi import Bench, Check, Instance, Scope


class VersionCheck(Check):
    """Every running instance serves the version that has to serve now."""

    uses: Literal["version"] = "version"
    instances: int | None = Field(
        default=None, ge=1, description="how many instances there must be; any number above zero when left out"
    )

    def describe(self, scope: Scope) -> str:
        """What is expected on how many instances."""
        return f"every instance serves {scope.values['target']['version']}"

    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """No instances at all is a fail; an instance that does not say its version is one too."""
        wanted = scope.values["target"]["version"]
        found = bench.platform.instances()
        seen = Counter(each.version or "no answer" for each in found)
        enough = len(found) == self.instances if self.instances else bool(found)
        good = enough and set(seen) == {wanted}
        return CheckResult(
            name=self.name or "version on every instance",
            outcome=Outcome.PASS if good else Outcome.FAIL,
            expected=f"{wanted} on " + (f"{self.instances} instances" if self.instances else "every instance"),
            seen=", ".join(f"{version} on {count}" for version, count in sorted(seen.items())) or "no instance",
            evidence=tuple(_said(each) for each in found) if not good else (),
        )


def _said(instance: Instance) -> str:
    """Its version and whatever else the platform knows about it, such as why it does not answer."""
    said = ", ".join(part for part in (instance.version, instance.detail) if part)
    return f"{instance.name}: {said or 'no answer'}"

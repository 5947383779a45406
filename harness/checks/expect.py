"""What an HTTP answer must be; one definition for checks and for the probe."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from harness.model import Frozen
from harness.spi import Scope

StatusCodes = Annotated[
    tuple[Annotated[int, Field(ge=100, le=599)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, int) and not isinstance(value, bool) else value),
]


class Expect(Frozen):
    """Status and body of a good answer."""

    status: StatusCodes = (200,)
    contains: str = Field(default="", description="text that the body must contain")

    def describe(self, scope: Scope) -> str:
        """One line for a reader."""
        codes = " or ".join(str(code) for code in self.status)
        return f"{codes} with {scope.render(self.contains)}" if self.contains else codes

    def mismatch(self, status: int, body: str, scope: Scope) -> str:
        """What is wrong with an answer; empty when it is as expected."""
        if status not in self.status:
            return f"status {status}"
        wanted = scope.render(self.contains)
        return "" if wanted in body else f"status {status}, body without {wanted}"

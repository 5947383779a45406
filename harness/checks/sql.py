"""``uses: sql``: a business invariant, asked of the database itself."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field

from harness.model import CheckResult, Outcome
from harness.spi import Bench, Check, Scope, ServiceName, SqlService


class SqlCheck(Check):
    """The first column of the first row of a query has to be a value."""

    uses: Literal["sql"] = "sql"
    service: ServiceName = Field(description="a service of `stack.services` that answers SQL")
    query: str
    expect: str = Field(description="the value as text")

    def describe(self, scope: Scope) -> str:
        """Query and expected value."""
        return f"{self.name or self.query} → {scope.render(self.expect)}"

    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """A refused query is a fail (the schema is not what it was); an unreachable database is unknown."""
        name, expected = self.name or self.query, scope.render(self.expect)
        service = cast(SqlService, bench.services[self.service])
        try:
            rows: list[tuple[Any, ...]] = service.query(scope.render(self.query))
        except ConnectionError as problem:
            return CheckResult(name=name, outcome=Outcome.UNKNOWN, expected=expected, seen=str(problem))
        except ValueError as problem:
            return CheckResult(
                name=name,
                outcome=Outcome.FAIL,
                expected=expected,
                seen="the query is refused",
                evidence=(f"{self.query} → {problem}",),
            )
        seen = str(rows[0][0]) if rows else "no row"
        good = seen == expected
        return CheckResult(
            name=name,
            outcome=Outcome.PASS if good else Outcome.FAIL,
            expected=expected,
            seen=seen,
            evidence=() if good else (f"{self.query} → {seen}",),
        )

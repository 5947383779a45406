"""``uses: http``: one request as a user sends it, and what the answer must be."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Literal, Self

import requests
from pydantic import Field, model_validator

from harness.model import CheckResult, Outcome
from harness.probe.config import Expect
from harness.spi import Bench, Check, Scope
from harness.units import Duration

_EXCERPT = 300


class HttpCheck(Check):
    """Send one request to the users' entry and compare the answer."""

    uses: Literal["http"] = "http"
    get: str = Field(default="", description="path to GET")
    post: str = Field(default="", description="path to POST")
    headers: Mapping[str, str] = Field(default_factory=dict)
    json_body: Any = Field(default=None, alias="json", description="JSON body")
    expect: Expect = Expect()
    timeout: Duration = 5.0

    @model_validator(mode="after")
    def _one_method(self) -> Self:
        if bool(self.get) == bool(self.post):
            raise ValueError("`get` or `post`: exactly one of the two")
        return self

    @property
    def method(self) -> str:
        """HTTP method."""
        return "GET" if self.get else "POST"

    def describe(self, scope: Scope) -> str:
        """The request and the expected answer."""
        return f"{self.method} {scope.render(self.get or self.post)} → {self._expected(scope)}"

    def ask(self, bench: Bench, scope: Scope) -> CheckResult:
        """Ask once; a connection that fails is a fail, because users have it too."""
        request_id = f"smoke-{uuid.uuid4().hex[:12]}"
        scope = scope.plus(key=request_id)  # the same name as in traffic: an idempotency key of this request's own
        path = scope.render(self.get or self.post)
        name, expected = self.name or f"{self.method} {path}", self._expected(scope)
        headers = {name: scope.render(value) for name, value in self.headers.items()}
        body = None if self.json_body is None else json.loads(scope.render(json.dumps(self.json_body)))
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no netrc: the drill talks to its own stack
            try:
                response = session.request(
                    self.method,
                    bench.platform.entry_url + path,
                    json=body,
                    headers={**headers, "X-Request-Id": request_id},
                    timeout=self.timeout,
                    allow_redirects=False,
                )
            except requests.RequestException as problem:
                seen = type(problem).__name__
                return CheckResult(
                    name=name,
                    outcome=Outcome.FAIL,
                    expected=expected,
                    seen=seen,
                    evidence=(f"{self.method} {path} → {seen}",),
                )
        contains = scope.render(self.expect.contains) if self.expect.contains is not None else None
        # An answer that is the same each time is told in the same words: a stack settles when answers stop changing.
        seen = self.expect.mismatch(response.status_code, response.text, contains).replace(request_id, "{{ key }}")
        if not seen:
            return CheckResult(name=name, outcome=Outcome.PASS, expected=expected, seen=str(response.status_code))
        excerpt = " ".join(response.text.split())[:_EXCERPT]
        evidence = (f"{self.method} {path} → {response.status_code} {excerpt}", *bench.platform.logs(request_id))
        return CheckResult(name=name, outcome=Outcome.FAIL, expected=expected, seen=seen, evidence=evidence)

    def _expected(self, scope: Scope) -> str:
        codes = " or ".join(str(code) for code in self.expect.status)
        return f"{codes} with {scope.render(self.expect.contains)}" if self.expect.contains else codes

"""The scenario language under ``traffic:``: what the probe sends, how often, and which answer is good."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from jinja2 import TemplateSyntaxError
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from harness.errors import UsageProblem
from harness.model import Frozen
from harness.template import compiled, render
from harness.units import Duration

RESERVED = ("key", "run")
"""Names that every template of a request may use besides those that it draws."""
_LONE_NAME = re.compile(r"\{\{\s*([A-Za-z_]\w*)\s*\}\}")


def _compiles(text: str) -> str:
    try:
        compiled(text)
    except TemplateSyntaxError as problem:
        raise ValueError(f"a template; {problem.message}") from problem
    return text


def _one_group(text: str) -> str:
    try:
        groups = re.compile(text).groups
    except re.error as problem:
        raise ValueError(f"a regular expression; {problem}") from problem
    if groups != 1:
        raise ValueError(f"a regular expression with one group, got {groups}")
    return text


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int) else value


def _ascending(bounds: tuple[int, int]) -> tuple[int, int]:
    if bounds[0] > bounds[1]:
        raise ValueError(f"[lowest, highest], got {list(bounds)}")
    return bounds


TemplateText = Annotated[str, AfterValidator(_compiles)]
PathTemplate = Annotated[str, Field(pattern="^/"), AfterValidator(_compiles)]
Status = Annotated[int, Field(ge=100, le=599)]
StatusList = Annotated[
    list[Status], Field(min_length=1), BeforeValidator(_as_list, json_schema_input_type=Status | list[Status])
]
IntegerRange = Annotated[tuple[int, int], AfterValidator(_ascending)]
VersionPattern = Annotated[str, AfterValidator(_one_group)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Expect(Frozen):
    """What makes an answer good. Both conditions have to hold; redirects are answers and are not followed."""

    status: StatusList = Field(default_factory=lambda: [200], description="a status or a list of them")
    contains: TemplateText | None = Field(default=None, description="text that the body has to contain")

    def mismatch(self, status: int, body: str, contains: str | None) -> str:
        """What is wrong with an answer, in a few words; empty when it is good. ``contains`` is the filled template."""
        if status not in self.status:
            return f"status {status}"
        return f"body: expected {contains!r}" if contains is not None and contains not in body else ""


@dataclass(frozen=True, slots=True)
class Filled:
    """A request with every template filled."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: JsonValue
    contains: str | None


class RequestSpec(Frozen):
    """One kind of request, drawn with probability ``weight`` / sum of weights."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: Annotated[str, Field(min_length=1)] = Field(description="what the report calls it")
    weight: int = Field(default=1, ge=1, description="share of the traffic, relative to the other requests")
    write: bool = Field(default=False, description="its idempotency key counts as a write that must not be lost")
    get: PathTemplate | None = Field(default=None, description="path of a GET")
    post: PathTemplate | None = Field(default=None, description="path of a POST")
    put: PathTemplate | None = Field(default=None, description="path of a PUT")
    delete: PathTemplate | None = Field(default=None, description="path of a DELETE")
    headers: dict[str, TemplateText] = Field(default_factory=dict)
    json_body: JsonValue = Field(
        default=None,
        alias="json",
        description="body; templates in its strings. A string that is only `{{ NAME }}` of a drawn name is the number",
    )
    vary: dict[VariableName, IntegerRange] = Field(
        default_factory=dict, description="whole numbers drawn for each request, both ends included: `n: [1, 200]`"
    )
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _usable(self) -> Self:
        given = [name for name in ("get", "post", "put", "delete") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of `get`, `post`, `put`, `delete`, got {', '.join(given) or 'none'}")
        for name in RESERVED:
            if name in self.vary:
                raise ValueError(f"names in `vary` other than {' and '.join(RESERVED)}, which every request has")
        # Both ends of every range: a division by zero or an unknown name is told now, not as a false outage.
        for end in (0, 1):
            self._try_out({name: bounds[end] for name, bounds in self.vary.items()})
        return self

    def _try_out(self, drawn: Mapping[str, int]) -> None:
        try:
            self.fill(drawn, run="run", key="run-0")
        except UsageProblem as problem:
            raise ValueError(f"templates that can be filled; {problem.message} ({problem.next_step})") from problem

    @property
    def method(self) -> str:
        """HTTP method in upper case."""
        return self._target()[0]

    def fill(self, drawn: Mapping[str, int], *, run: str, key: str) -> Filled:
        """This request with the numbers in ``drawn`` and the idempotency key ``key``.

        Raises:
            UsageProblem: a template cannot be filled with these values.
        """
        values = {**drawn, "run": run, "key": key}
        method, path = self._target()
        return Filled(
            method=method,
            path=render(path, values),
            headers={name: render(text, values) for name, text in self.headers.items()},
            body=_fill_json(self.json_body, values),
            contains=None if self.expect.contains is None else render(self.expect.contains, values),
        )

    def _target(self) -> tuple[str, str]:
        methods = {"GET": self.get, "POST": self.post, "PUT": self.put, "DELETE": self.delete}
        return next((method, path) for method, path in methods.items() if path is not None)


class Traffic(Frozen):
    """The probe's traffic: open-loop, so a slow answer never delays the next request."""

    rate: float = Field(default=50.0, gt=0, le=2000, description="requests per second")
    timeout: Duration = Field(default=5.0, description="an answer later than this is a failure")
    version_header: str = Field(default="X-Version", description="response header that names the release")
    version_body: VersionPattern | None = Field(
        default=None,
        description="regular expression whose first group is the release, searched in the body where the header is "
        "not there: what a static host serves has no header of its own",
    )
    seed: int = Field(default=1, description="the same seed draws the same requests in the same order")
    in_flight: int = Field(
        default=2000, ge=1, le=20_000, description="requests that may wait at once; one more is recorded as `overload`"
    )
    requests: Annotated[list[RequestSpec], Field(min_length=1)]

    @model_validator(mode="after")
    def _distinct_names(self) -> Self:
        names = [request.name for request in self.requests]
        if len(set(names)) != len(names):
            raise ValueError(f"a different `name` for every request, got {', '.join(names)}")
        return self


def _fill_json(value: Any, values: Mapping[str, Any]) -> JsonValue:
    if isinstance(value, str):
        lone = _LONE_NAME.fullmatch(value)
        # Otherwise no template could give a number, and typed APIs refuse "17".
        return values[lone[1]] if lone and lone[1] in values else render(value, values)
    if isinstance(value, list):
        return [_fill_json(each, values) for each in value]
    if isinstance(value, dict):
        return {name: _fill_json(each, values) for name, each in value.items()}
    return value  # type: ignore[no-any-return]

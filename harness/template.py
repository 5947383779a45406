"""``{{ }}`` in declared fields of a scenario: sandboxed and strict, an undefined name is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import UsageProblem


class _Environment(ImmutableSandboxedEnvironment):
    """Names of the scenario come before methods of the object that holds them: ``release.values`` is data."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
"""The one Jinja environment of the scenario language."""
ENVIRONMENT.globals.clear()  # `range` and `lipsum` would let one line of YAML eat the machine


@lru_cache(maxsize=512)
def compiled(text: str) -> Template:
    """The compiled template; raises ``jinja2.TemplateSyntaxError``."""
    return ENVIRONMENT.from_string(text)


def render(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with every ``{{ }}`` filled.

    Raises:
        UsageProblem: a name is undefined or the expression is wrong; says what may be used.
    """
    if "{{" not in text and "{%" not in text:
        return text
    try:
        return compiled(text).render(values)
    except (TemplateError, ArithmeticError, TypeError) as problem:
        raise UsageProblem(
            f"cannot fill {text!r}: {problem}", next_step=f"names that exist here: {', '.join(sorted(values))}"
        ) from problem

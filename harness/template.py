"""``{{ }}`` in declared fields of a scenario: sandboxed and strict, an undefined name is an error."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import UsageProblem

_FILTERS = ("d", "default", "first", "int", "last", "length", "lower", "string", "tojson", "trim", "upper")
"""Filters that a field may use. None of them makes much out of little, as ``center`` and ``replace`` do."""
_METHODS = (
    *("endswith", "lower", "lstrip", "removeprefix", "removesuffix", "rsplit", "rstrip"),
    *("split", "startswith", "strip", "upper"),
)
"""Methods of texts that a field may call, by the same rule."""
_LONGEST = 65_536
"""Characters that one filled field may have: half of what Linux takes as one argument (MAX_ARG_STRLEN)."""


class _Environment(ImmutableSandboxedEnvironment):
    """Names of the scenario come before methods of the object that holds them: ``release.values`` is data.

    Numbers are multiplied, texts are not: one line of YAML must not be able to eat the machine.
    """

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(each, int | float) for each in (left, right)):
            raise SecurityError(f"`{operator}` is not for texts, lists and powers")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        _refuse_method(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        _refuse_method(obj, argument)
        return super().getitem(obj, argument)


def _refuse_method(obj: Any, name: Any) -> None:
    # Not by `is_safe_attribute`: the sandbox hands out its own `format` without asking that.
    if isinstance(obj, str) and isinstance(name, str) and name not in _METHODS:
        raise SecurityError(f"`{name}` of a text is unsafe here")


ENVIRONMENT = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
"""The one Jinja environment of the scenario language."""
ENVIRONMENT.globals.clear()  # no `range`, no `lipsum`
ENVIRONMENT.filters = {name: ENVIRONMENT.filters[name] for name in _FILTERS}


@lru_cache(maxsize=512)
def compiled(text: str) -> Template:
    """The compiled template; raises ``jinja2.TemplateSyntaxError``, also for statements (``{% %}``)."""
    for node in ENVIRONMENT.parse(text).body:
        if not isinstance(node, nodes.Output):
            raise TemplateSyntaxError("only `{{ }}` is allowed, no `{% %}`", node.lineno)
    return ENVIRONMENT.from_string(text)


def render(text: str, values: Mapping[str, Any]) -> str:
    """``text`` with every ``{{ }}`` filled.

    Raises:
        UsageProblem: a name is undefined or the expression is wrong; says what may be used.
    """
    if "{{" not in text and "{%" not in text:
        return text
    try:
        filled = compiled(text).render(values)
    except (TemplateError, ArithmeticError, TypeError) as problem:
        raise UsageProblem(
            f"cannot fill {text!r}: {problem}", next_step=f"names that exist here: {', '.join(sorted(values))}"
        ) from problem
    if len(filled) > _LONGEST:
        raise UsageProblem(f"{text!r} becomes {len(filled):,} characters, at most {_LONGEST:,} are allowed")
    return filled

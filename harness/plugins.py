"""The one door for everything that is not the engine: Python entry points.

A platform, stack service, step, check or reporter is a class (or function) registered under one of the groups
below, in the ``pyproject.toml`` of whoever ships it. The shipped ones use the same door.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from harness.errors import EnvironmentProblem

PLATFORMS = "drill.platforms"
SERVICES = "drill.services"
STEPS = "drill.steps"
CHECKS = "drill.checks"
REPORTERS = "drill.reporters"
UNDOERS = "drill.undoers"
CATALOGUES = "drill.failure_modes"
RECIPES = "drill.image_recipes"


@cache
def registered(group: str) -> Mapping[str, Any]:
    """Everything registered under ``group``, by name.

    Raises:
        EnvironmentProblem: a registered plug-in cannot be imported; names it and its distribution.
    """
    found: dict[str, Any] = {}
    for point in sorted(entry_points(group=group), key=lambda each: each.name):
        try:
            found[point.name] = point.load()
        except Exception as problem:  # noqa: BLE001  a broken plug-in may raise anything; it must be named
            owner = point.dist.name if point.dist else "an unknown distribution"
            raise EnvironmentProblem(
                f"plug-in {point.name!r} of {group} (from {owner}) cannot be loaded: {problem}",
                next_step=f"repair or uninstall {owner}",
            ) from problem
    return found


class OneOf:
    """Annotation for a scenario field that holds the configuration of a plug-in of ``group``.

    The field's ``uses:`` names the plug-in; validation, error messages and JSON Schema come from the plug-in's own
    model. With ``default``, ``uses:`` may be left out.
    """

    def __init__(self, group: str, default: str = "") -> None:
        self.group = group
        self.default = default

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {name: handler.generate_schema(model) for name, model in registered(self.group).items()}
        return core_schema.tagged_union_schema(choices, discriminator=self._tag)

    def _tag(self, value: Any) -> str | None:
        if isinstance(value, Mapping):
            tag = value.get("uses", self.default or None)
            return tag if isinstance(tag, str) else None
        return getattr(value, "uses", None)

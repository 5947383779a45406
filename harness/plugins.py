"""The one door for everything that is not the engine: Python entry points.

A platform, stack service, step, check or reporter is a class (or function) registered under one of the groups
below, in the ``pyproject.toml`` of whoever ships it. The shipped ones use the same door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError, core_schema

from harness.errors import EnvironmentProblem

PLATFORMS = "drill.platforms"
SERVICES = "drill.services"
STEPS = "drill.steps"
CHECKS = "drill.checks"
REPORTERS = "drill.reporters"
UNDOERS = "drill.undoers"
KEEPERS = "drill.keepers"
CATALOGUES = "drill.failure_modes"
RECIPES = "drill.image_recipes"
SABOTAGES = "drill.sabotages"
FINDERS = "drill.finders"


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
        except Exception as problem:  # a broken plug-in may raise anything; it must be named
            owner = point.dist.name if point.dist else "an unknown distribution"
            raise EnvironmentProblem(
                f"plug-in {point.name!r} of {group} (from {owner}) cannot be loaded: {problem}",
                next_step=f"repair or uninstall {owner}",
            ) from problem
    return found


class OneOf:
    """Annotation for a scenario field that holds the configuration of a plug-in of ``group``.

    The field's ``uses:`` names the plug-in; validation, error messages and JSON Schema come from the plug-in's own
    model. With ``default``, ``uses:`` may be left out. Plug-ins are looked up when a value is validated, not when the
    scenario's classes are made: importing the language loads no plug-in, and a broken one breaks only its users.
    """

    def __init__(self, group: str, default: str = "") -> None:
        self.group = group
        self.default = default

    def __get_pydantic_core_schema__(self, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        choices = []
        for name, model in registered(self.group).items():
            choice = handler(model.__pydantic_core_schema__)
            if name != self.default:  # or an element that leaves `uses` out would fit every plug-in with the same keys
                choice = {**choice, "required": ["uses", *choice.get("required", [])]}
            choices.append(choice)
        return {"oneOf": choices} if choices else {"type": "object"}

    def _validate(self, value: Any, info: ValidationInfo) -> Any:
        choices = registered(self.group)
        if isinstance(value, tuple(choices.values())):
            return value  # made in code
        if not isinstance(value, Mapping):
            raise PydanticKnownError("dict_type")
        tag = value.get("uses", self.default)
        if not isinstance(tag, str) or tag not in choices:
            names = ", ".join(choices) or "no plug-in at all: none is registered"
            raise choice_error("uses", f"one of {names}", choices)
        model: type[BaseModel] = choices[tag]
        return model.model_validate(dict(value), context=info.context)


def choice_error(key: str, expected: str, known: Iterable[str]) -> PydanticCustomError:
    """A value that is none of ``known``; the loader adds position and near miss.

    ``key`` is where the value stands, seen from the field; empty for the field itself.
    """
    return PydanticCustomError("not_a_choice", "{expected}", {"expected": expected, "known": list(known), "key": key})

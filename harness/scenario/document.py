"""A clean node tree against the model of its file: what is wrong with it, in the words of people who write YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from harness.errors import Complaint
from harness.scenario.schema import Language
from harness.scenario.tree import OVERRIDE
from harness.scenario.wording import complaints_of, misread_truth

Model = TypeVar("Model", bound=BaseModel)


def validated(
    model: type[Model],
    root: yaml.Node,
    data: dict[str, Any],
    schema: Callable[[], dict[str, Any]],
    context: Mapping[str, Any] | None = None,
) -> tuple[Model | None, list[Complaint]]:
    """``data`` as ``model``, and every complaint; None where validation refused it.

    Args:
        root: the tree that ``data`` is made from.
        schema: makes the JSON Schema of ``model``; asked only where something is wrong.
        context: for the model's validators.
    """
    try:
        value, errors = model.model_validate(data, context=dict(context or {})), []
    except ValidationError as problem:
        value, errors = None, problem.errors(include_url=False)
    if value is not None and not _has_truth(data):
        return value, []
    language = Language(data, schema())
    return value, [*misread_truth(root, language), *complaints_of(root, language, errors)]


def in_order(complaints: Sequence[Complaint]) -> list[Complaint]:
    """The first complaint of each key (what was wrong in YAML explains the rest), in the order of the file."""
    by_key: dict[tuple[str, str], Complaint] = {}
    for each in complaints:
        by_key.setdefault((each.key, "" if each.key else str(each)), each)
    return sorted(by_key.values(), key=_order)


def _has_truth(data: Any) -> bool:
    """Whether true or false stands anywhere; the schema is made only where it has something to answer."""
    inner: Iterable[Any] = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    return isinstance(data, bool) or any(_has_truth(each) for each in inner)


def _order(complaint: Complaint) -> tuple[bool, int, int, str]:
    where = complaint.where
    return where.file == OVERRIDE, where.line, where.column, complaint.key

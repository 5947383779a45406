"""A Vercel project's environment variables: builds see them, and a deployment that exists never gets another value."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from drills.static.vercel_wire import ChangedVariable, NewVariable, Refused, Target

_EVERYWHERE: tuple[Target, ...] = ("production", "preview", "development")


@dataclass(frozen=True)
class Variable:
    """One variable, for one or several environments."""

    key: str
    value: str
    type: str
    target: tuple[Target, ...]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    changed: int = field(default_factory=lambda: int(time.time() * 1000))
    """Milliseconds since the epoch."""

    @property
    def shown(self) -> str:
        """The value as a report may show it: what is not plain only by its digest."""
        if self.type == "plain":
            return self.value
        return f"{self.type}, SHA-256 {hashlib.sha256(self.value.encode()).hexdigest()[:12]}"

    def described(self) -> dict[str, Any]:
        """As lists have it: only plain values can be read there."""
        return {
            "id": self.id,
            "key": self.key,
            "value": self.value if self.type == "plain" else "",
            "type": self.type,
            "target": list(self.target),
            "createdAt": self.changed,
            "updatedAt": self.changed,
        }


class Variables:
    """All variables of the project."""

    def __init__(self, first: Mapping[str, str]) -> None:
        made = [Variable(key, value, "plain", _EVERYWHERE) for key, value in first.items()]
        self._known = {each.id: each for each in made}

    def of(self, target: str) -> list[Variable]:
        """What a build for ``target`` sees, by name."""
        return sorted((each for each in self._known.values() if target in each.target), key=lambda each: each.key)

    def shown(self, target: str) -> dict[str, str]:
        """Name and value as a report may show it."""
        return {each.key: each.shown for each in self.of(target)}

    def add(self, wanted: NewVariable, upsert: bool) -> Variable:
        """A new variable; with ``upsert`` it takes the place of one of that name."""
        made = Variable(wanted.key, wanted.value, wanted.type, _targets(wanted.target))
        same = [each for each in self._known.values() if each.key == made.key and set(each.target) & set(made.target)]
        if same and not upsert:
            message = f"Another Environment Variable with the name {made.key} exists for this environment"
            # The code is one that the client knows; the status is assumed.
            raise Refused(400, "ENV_CONFLICT", message)
        for each in same:
            self._keep(each, [target for target in each.target if target not in made.target])
        self._known[made.id] = made
        return made

    def change(self, id_: str, wanted: ChangedVariable) -> Variable:
        """Other value, type or environments."""
        before = self._find(id_)
        target = _targets(wanted.target) if wanted.target else before.target
        value = before.value if wanted.value is None else wanted.value
        after = replace(before, value=value, type=wanted.type or before.type, target=target)
        self._known[id_] = replace(after, changed=int(time.time() * 1000))
        return self._known[id_]

    def remove(self, id_: str) -> Variable:
        """Builds from now on do not see it."""
        return self._known.pop(self._find(id_).id)

    def _keep(self, each: Variable, target: Sequence[Target]) -> None:
        if target:
            self._known[each.id] = replace(each, target=tuple(target))
        else:
            del self._known[each.id]

    def _find(self, id_: str) -> Variable:
        if id_ not in self._known:
            raise Refused(404, "not_found", f"Environment Variable not found: {id_}")
        return self._known[id_]

    def routes(self, project_of: Callable[[str], None]) -> APIRouter:
        """Requests of ``vercel env`` and ``vercel pull``; ``project_of`` refuses an unknown project."""
        routes = APIRouter()

        @routes.get("/v10/projects/{project}/env")
        async def listed(project: str, target: Target | None = None) -> dict[str, Any]:
            project_of(project)
            found = [each for each in self._known.values() if target is None or target in each.target]
            info = {"count": len(found), "next": None, "prev": None}
            return {"envs": [each.described() for each in found], "pagination": info}

        @routes.post("/v10/projects/{project}/env")
        async def add(project: str, wanted: NewVariable, upsert: bool = False) -> JSONResponse:
            project_of(project)
            return JSONResponse({"created": self.add(wanted, upsert).described(), "failed": []}, 201)

        @routes.patch("/v9/projects/{project}/env/{variable}", include_in_schema=False)
        @routes.patch("/v10/projects/{project}/env/{variable}")
        async def change(project: str, variable: str, wanted: ChangedVariable) -> dict[str, Any]:
            project_of(project)
            return self.change(variable, wanted).described()

        @routes.delete("/v9/projects/{project}/env/{variable}", include_in_schema=False)
        @routes.delete("/v10/projects/{project}/env/{variable}")
        async def remove(project: str, variable: str) -> dict[str, Any]:
            project_of(project)
            return self.remove(variable).described()

        @routes.get("/v3/env/pull/{project}/{target}")
        async def pull(project: str, target: Target) -> dict[str, Any]:
            project_of(project)
            # A sensitive value cannot be read again once it is set (vercel.com/docs/environment-variables).
            values = {each.key: "" if each.type == "sensitive" else each.value for each in self.of(target)}
            return {"env": values, "buildEnv": values}

        return routes


def _targets(said: Sequence[Target] | Target) -> tuple[Target, ...]:
    wanted = [said] if isinstance(said, str) else said
    return tuple(each for each in _EVERYWHERE if each in wanted)

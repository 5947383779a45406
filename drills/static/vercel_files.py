"""What a deployment's ``vercel.json`` says about serving (vercel.com/docs/project-configuration)."""

from __future__ import annotations

import re

from pydantic import BaseModel, Field, ValidationError

from drills.static.serving import Rewrite, Settings


class _Header(BaseModel):
    key: str
    value: str


class _Headers(BaseModel):
    source: str
    headers: list[_Header]


class _Rewrite(BaseModel):
    source: str
    destination: str


class _Redirect(_Rewrite):
    permanent: bool = True
    statusCode: int | None = Field(default=None, ge=300, le=399)

    @property
    def status(self) -> int:
        """308, or 307 for a temporary one ("redirects")."""
        return self.statusCode or (308 if self.permanent else 307)


class _Written(BaseModel):
    headers: list[_Headers] = Field(default_factory=list)
    redirects: list[_Redirect] = Field(default_factory=list)
    rewrites: list[_Rewrite] = Field(default_factory=list)


def settings_of(text: str) -> Settings:
    """Headers, redirects and rewrites of a ``vercel.json``; none of one that is not valid, which the client refuses.

    Redirects are followed before a file is looked for, rewrites after ("redirects", "rewrites").
    """
    try:
        said = _Written.model_validate_json(text or "{}")
    except ValidationError:
        return Settings()
    headers = [(_pattern(each.source), {one.key: one.value for one in each.headers}) for each in said.headers]
    moved = [Rewrite(_pattern(r.source), _filled(r.destination), r.status, force=True) for r in said.redirects]
    shown = [Rewrite(_pattern(each.source), _filled(each.destination), 200) for each in said.rewrites]
    return Settings(headers, [*moved, *shown])


def _pattern(source: str) -> str:
    """``(.*)`` and ``:name*`` as ``*``, ``:name`` as it is; what else is a regular expression matches nothing."""
    return re.sub(r":\w+\*|\(\.\*\)", "*", source)


def _filled(destination: str) -> str:
    """``$1`` and ``:name*`` as what ``*`` found."""
    return re.sub(r":\w+\*|\$1(?!\d)", ":splat", destination)

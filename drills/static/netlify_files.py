"""What a site tells Netlify about headers and redirects.

netlify-cli leaves ``_headers`` and ``_redirects`` at home: it sends what they say, and what the team's ``netlify.toml``
says, as a ``netlify.toml`` of its own (23.15.1, ``hashConfig``). Other clients may send the two files as they are.
"""

from __future__ import annotations

import tomllib

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from drills.static.serving import Rewrite, Settings, parse_headers_file, parse_redirects_file
from drills.static.store import Deployment


class _Headers(BaseModel):
    path: str = Field(alias="for")
    values: dict[str, str | list[str]] = {}


class _Redirect(BaseModel):
    path: str = Field(alias="from")
    to: str
    status: int = Field(default=301, ge=200, lt=600)
    force: bool = False
    query: dict[str, object] = {}
    conditions: dict[str, object] = {}


class _Config(BaseModel):
    """The parts of ``netlify.toml`` that outlive the build ("File-based configuration")."""

    model_config = ConfigDict(extra="ignore")

    headers: list[_Headers] = []
    redirects: list[_Redirect] = []


def settings_of(deployment: Deployment) -> Settings:
    """What the three files of the deployment say; one that cannot be read says nothing.

    A redirect with a condition or a query is left out: the drill has no country, cookie or role to hold against it.
    """
    try:
        config = _Config.model_validate(tomllib.loads(deployment.text("/netlify.toml")))
    except (tomllib.TOMLDecodeError, ValidationError, RecursionError):
        config = _Config()
    headers = [
        (
            each.path,
            {name: value if isinstance(value, str) else ", ".join(value) for name, value in each.values.items()},
        )
        for each in config.headers
    ]
    redirects = [
        Rewrite(each.path, each.to, each.status, each.force)
        for each in config.redirects
        if not (each.query or each.conditions)
    ]
    return Settings(
        [*headers, *parse_headers_file(deployment.text("/_headers"))],
        [*parse_redirects_file(deployment.text("/_redirects")), *redirects],
    )

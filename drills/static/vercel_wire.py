"""What Vercel's clients send and how they are refused: bodies of requests, and errors in the vendor's envelope."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from drills.static.rules import HostRule, told

Target = Literal["production", "preview", "development"]
CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "file_too_large"}


class Refused(Exception):
    """An error in Vercel's envelope."""

    def __init__(self, status: int, code: str, message: str, rule: HostRule | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status, self.rule = status, rule
        self.body = {"error": {"code": code, "message": message, **more}}

    def answer(self) -> JSONResponse:
        """What the client gets."""
        return JSONResponse(self.body, self.status, told(self.rule) if self.rule else None)


class UploadedFile(BaseModel):
    """A file of a deployment: known by SHA-1, or inline."""

    file: str = Field(max_length=1024)
    sha: str = Field(default="", pattern="^([0-9a-f]{40})?$")
    size: int = Field(default=0, ge=0)
    data: str = Field(default="", max_length=10_000_000)


class NewDeployment(BaseModel):
    """Body of ``POST /v13/deployments``, as far as it matters here."""

    name: str = Field(default="", max_length=100)
    project: str = Field(default="", max_length=100)
    target: str | None = Field(default=None, max_length=50)
    files: list[UploadedFile] = Field(default_factory=list, max_length=15_000)
    meta: dict[str, str] = Field(default_factory=dict)
    deploymentId: str = Field(default="", max_length=250)
    """A deployment to make again, in place of files: ``vercel redeploy``, ``vercel promote`` of a preview."""
    autoAssignCustomDomains: bool | None = None
    """False: this production deployment gets no production domain (``vercel deploy --skip-domain``)."""


class ProjectChange(BaseModel):
    """Body of ``PATCH /v9/projects/{project}``; what this host does not keep is refused and not passed over."""

    model_config = ConfigDict(extra="forbid")

    autoAssignCustomDomains: bool


class NewVariable(BaseModel):
    """Body of ``POST /v10/projects/{project}/env``."""

    key: str = Field(pattern="^[A-Za-z_][A-Za-z0-9_]*$", max_length=256)
    value: str = Field(max_length=65_536)
    type: Literal["plain", "encrypted", "sensitive"] = "encrypted"
    target: list[Target] | Target = Field(min_length=1)


class ChangedVariable(BaseModel):
    """Body of ``PATCH /v10/projects/{project}/env/{variable}``; what is left out stays as it is."""

    value: str | None = Field(default=None, max_length=65_536)
    type: Literal["plain", "encrypted", "sensitive"] | None = None
    target: list[Target] | Target | None = Field(default=None, min_length=1)


def envelope(app: FastAPI) -> FastAPI:
    """Let every error of ``app`` be one in Vercel's envelope."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _unknown)
    return app


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)
    return problem.answer()


async def _invalid(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return Refused(400, CODES[400], f"Invalid request: `{where}` {first['msg']}").answer()


async def _unknown(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return Refused(problem.status_code, CODES.get(problem.status_code, CODES[400]), str(problem.detail)).answer()

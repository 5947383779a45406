"""The API of Cloudflare Pages as wrangler and the SDKs speak it (shared facts; developers.cloudflare.com/api)."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from drills.static.rules import ASSUMED, HostRule
from drills.static.serving import Rewrite, Settings, parse_headers_file, redirect_lines
from drills.static.store import Blob, Deployment, Snapshot, clean_path
from drills.static.vendor import Vendor

ACCOUNT = "drill"
_ROLLBACKS = "https://developers.cloudflare.com/pages/configuration/rollbacks/"
_LIMITS = "https://developers.cloudflare.com/pages/platform/limits/"
_LARGEST_FILE = 25 * 1024**2
"""Bytes of one file (Pages, "Limits")."""
_MOST_FILES = 20_000
"""Files of a site on the free plan (Pages, "Limits")."""
_REDIRECT_CODES = ("200", "301", "302", "303", "307", "308")
"""Pages, "Redirects"."""
_TOKEN_TIME = 300
"""Seconds for which an upload token is good; what clients see is the `exp` in it."""

NO_PREVIEW = HostRule("pages-no-preview-target", "a preview deployment is no rollback target", _ROLLBACKS)
ANY_PRODUCTION = HostRule(
    "pages-any-production-target", "each successful production deployment is a target, a newer one too", _ROLLBACKS
)
NEXT_IS_LIVE = HostRule("pages-next-deploy-is-live", "the next production deployment after a rollback is live", ASSUMED)
FILE_SIZE = HostRule("pages-file-size", "a file has at most 25 MiB", _LIMITS)
RULES = (NO_PREVIEW, ANY_PRODUCTION, NEXT_IS_LIVE, FILE_SIZE)


class Refused(Exception):
    """An error in Cloudflare's envelope."""

    def __init__(self, status: int, code: int, message: str, rule: HostRule | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.rule = status, code, message, rule

    def answer(self) -> JSONResponse:
        """What the client gets."""
        body = {
            "success": False,
            "errors": [{"code": self.code, "message": self.message}],
            "messages": [],
            "result": None,
        }
        return JSONResponse(body, self.status, self.rule.told if self.rule else None)


class Hashes(BaseModel):
    """Names that the client gives to contents; nobody else reads anything into them."""

    hashes: list[Annotated[str, Field(max_length=128)]] = Field(max_length=_MOST_FILES)


class Metadata(BaseModel):
    """What the client says of an asset."""

    contentType: str = Field(default="", max_length=200)


class Asset(BaseModel):
    """An uploaded file."""

    key: str = Field(min_length=1, max_length=128)
    value: str
    metadata: Metadata = Metadata()
    base64: bool = True


class CloudflarePagesApi(Vendor):
    """One project of an account; its production branch is ``main``."""

    rules: ClassVar[Sequence[HostRule]] = RULES
    uploads: ClassVar[str] = r"/client/v4/(pages/assets/upload|accounts/[^/]+/pages/projects/[^/]+/deployments)"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._uploads: dict[str, float] = {}
        """When each upload token ends, seconds since the epoch."""
        self._rolled_back = False

    # What the host knows ------------------------------------------------------------------------------------------

    def settings(self, deployment: Deployment) -> Settings:
        """``_headers`` and ``_redirects``, which come beside the files."""
        rewrites = redirects(deployment.details.get("_redirects", ""))
        if "/404.html" not in deployment.files:
            # A site without one is taken for a single-page application (Pages docs, "Serving Pages").
            rewrites.append(Rewrite("/*", "/index.html", 200))
        return Settings(parse_headers_file(deployment.details.get("_headers", "")), rewrites, joined=True)

    def deployment_host(self, deployment: Deployment) -> str:
        """``<first eight of the id>.<project>.pages.localhost``."""
        return f"{deployment.id[:8]}.{self.site.name}.pages.localhost"

    def snapshot(self) -> Snapshot:
        """Deployments with their environment."""
        kinds = {each.id: _kind(each) for each in self.site.deployments.values()}
        return Snapshot(site_id=self.site.id, live=self.site.published, deployments=kinds, settings={})

    def _project(self, account: str, project: str) -> None:
        if account != ACCOUNT:
            raise Refused(403, 10000, "Authentication error")
        if project != self.site.name:
            raise Refused(404, 8000007, "Project not found. The specified project name does not match any of yours.")

    def _find(self, id_: str) -> Deployment:
        found = self.site.deployments.get(id_)
        if found is None:
            raise Refused(404, 8000009, "The deployment ID you have specified does not exist.")
        return found

    def _shown(self, each: Deployment) -> dict[str, Any]:
        made = datetime.fromtimestamp(each.created, UTC).isoformat()
        stage = {"name": "deploy", "status": "success", "started_on": made, "ended_on": made}
        meta = {name: each.details.get(name, "") for name in ("branch", "commit_hash", "commit_message")}
        return {
            "id": each.id,
            "short_id": each.id[:8],
            "project_id": self.site.id,
            "project_name": self.site.name,
            "environment": _kind(each),
            "url": f"http://{self.deployment_host(each)}:{self.config.site_port}",
            "created_on": made,
            "modified_on": made,
            "aliases": [self.config.site_url] if each.id == self.site.published else None,
            "latest_stage": stage,
            "stages": [stage],
            "deployment_trigger": {"type": "ad_hoc", "metadata": {**meta, "commit_dirty": False}},
            "env_vars": {},
            "is_skipped": False,
        }

    def _described(self) -> dict[str, Any]:
        live = self.site.deployments.get(self.site.published)
        newest = self.site.newest_first()[:1]
        return {
            "id": self.site.id,
            "name": self.site.name,
            "subdomain": f"127.0.0.1:{self.config.site_port}",
            "domains": [f"127.0.0.1:{self.config.site_port}"],
            "production_branch": "main",
            "source": None,
            "deployment_configs": {"production": {}, "preview": {}},
            "canonical_deployment": self._shown(live) if live else None,
            "latest_deployment": self._shown(newest[0]) if newest else None,
            "created_on": datetime.now(UTC).isoformat(),
        }

    # What clients ask for -----------------------------------------------------------------------------------------

    def _upload_token(self) -> str:
        """A token in the form of a JWT: the client reads its payload, only this host has to know it."""
        claims = {"exp": int(time.time()) + _TOKEN_TIME, "max_file_count_allowed": _MOST_FILES}
        parts = [{"alg": "none", "typ": "JWT"}, claims]
        text = ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts)
        token = f"{text}.{secrets.token_urlsafe(16)}"
        self._uploads[token] = float(claims["exp"])
        return token

    async def _store(self, assets: Sequence[Asset]) -> None:
        for each in assets:
            try:
                content = base64.b64decode(each.value, validate=True) if each.base64 else each.value.encode()
            except (binascii.Error, ValueError) as problem:
                raise Refused(400, 8000014, f"the asset {each.key} is no base64: {problem}") from problem
            if len(content) > _LARGEST_FILE:
                raise Refused(413, 8000013, f"the asset {each.key} has more than 25 MiB", FILE_SIZE)
            self.blobs.name(await self.blobs.add(content), each.key)

    async def _deploy(self, form: FormData) -> JSONResponse:
        text = {name: await _text(form, name) for name in ("manifest", "branch", "commit_hash", "commit_message")}
        files = self._files(text.pop("manifest"))
        besides = {name: await _text(form, name) for name in ("_headers", "_redirects")}
        production = (text["branch"] or "main") == "main"
        made = Deployment(
            f"{secrets.token_hex(4)}-{secrets.token_hex(12)}",
            production,
            state="success",
            files=files,
            details={**text, **besides},
        )
        self.site.add(made)
        rule = NEXT_IS_LIVE if production and self._rolled_back else None
        if production:
            self.site.publish(made)
            self._rolled_back = False
        return _result(self._shown(made), rule)

    def _files(self, manifest: str) -> dict[str, Blob]:
        try:
            said = json.loads(manifest)
            wanted = {clean_path(str(path)): str(key) for path, key in said.items()}
        except (ValueError, AttributeError, RecursionError) as problem:
            raise Refused(400, 8000096, f"the manifest cannot be read: {problem}") from problem
        files = {path: blob for path, key in wanted.items() if (blob := self.blobs.get(key)) is not None}
        missing = sorted(set(wanted) - set(files))
        if missing:
            raise Refused(400, 8000096, f"the manifest names files that were not uploaded: {missing[:5]!a}")
        return files

    def _roll_back(self, target: Deployment) -> JSONResponse:
        if not target.production:
            message = "The deployment is a preview: only production deployments can be rolled back to."
            raise Refused(400, 8000039, message, NO_PREVIEW)
        self.site.publish(target)
        self._rolled_back = True
        return _result(self._shown(target), ANY_PRODUCTION)

    # Routes -------------------------------------------------------------------------------------------------------

    def api(self) -> FastAPI:
        """The routes that wrangler and the SDKs use."""
        app = FastAPI(title="Cloudflare Pages, as far as a rollback goes", docs_url=None, redoc_url=None)
        app.add_exception_handler(Refused, _refused)
        app.add_exception_handler(RequestValidationError, _invalid)
        app.add_exception_handler(HTTPException, _unknown)
        for routes, known in (
            (self._account_routes(), self._known),
            (self._deployment_routes(), self._known),
            (self._asset_routes(), self._uploading),
        ):
            app.include_router(routes, prefix="/client/v4", dependencies=[Depends(known)])
        return app

    def _known(self, authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self.config.token}".encode()):
            raise Refused(403, 10000, "Authentication error")

    def _uploading(self, authorization: Annotated[str, Header()] = "") -> None:
        if self._uploads.get(authorization.removeprefix("Bearer "), 0.0) < time.time():
            raise Refused(403, 8000013, "Authorization failed")

    def _account_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/user")
        async def user() -> JSONResponse:
            return _result({"id": "drill", "email": "drill@localhost"})

        @routes.get("/accounts")
        @routes.get("/memberships", include_in_schema=False)
        async def accounts() -> JSONResponse:
            return _result([{"id": ACCOUNT, "name": "drill", "account": {"id": ACCOUNT, "name": "drill"}}])

        @routes.get("/accounts/{account}/pages/projects/{project}")
        async def project_of(account: str, project: str) -> JSONResponse:
            self._project(account, project)
            return _result(self._described())

        @routes.get("/accounts/{account}/pages/projects/{project}/upload-token")
        async def upload_token(account: str, project: str) -> JSONResponse:
            self._project(account, project)
            return _result({"jwt": self._upload_token()})

        return routes

    def _deployment_routes(self) -> APIRouter:
        routes = APIRouter(prefix="/accounts/{account}/pages/projects/{project}/deployments")

        @routes.get("")
        async def listed(
            account: str,
            project: str,
            env: Literal["production", "preview", ""] = "",
            page: Annotated[int, Query(ge=1, le=10_000)] = 1,
            per_page: Annotated[int, Query(ge=1, le=25)] = 25,
        ) -> JSONResponse:
            self._project(account, project)
            found = [self._shown(each) for each in self.site.newest_first() if env in ("", _kind(each))]
            shown = found[(page - 1) * per_page : page * per_page]
            info = {"page": page, "per_page": per_page, "count": len(shown), "total_count": len(found)}
            return _result(shown, info=info)

        @routes.post("")
        async def deploy(account: str, project: str, request: Request) -> JSONResponse:
            self._project(account, project)
            async with request.form(max_files=10, max_fields=50, max_part_size=_LARGEST_FILE) as form:
                return await self._deploy(form)

        @routes.get("/{deployment}")
        async def deployment_of(account: str, project: str, deployment: str) -> JSONResponse:
            self._project(account, project)
            return _result(self._shown(self._find(deployment)))

        @routes.post("/{deployment}/rollback")
        async def roll_back(account: str, project: str, deployment: str) -> JSONResponse:
            self._project(account, project)
            return self._roll_back(self._find(deployment))

        return routes

    def _asset_routes(self) -> APIRouter:
        routes = APIRouter(prefix="/pages/assets")

        @routes.post("/check-missing")
        async def missing(wanted: Hashes) -> JSONResponse:
            return _result([each for each in wanted.hashes if self.blobs.get(each) is None])

        @routes.post("/upload")
        async def upload(assets: list[Asset]) -> JSONResponse:
            await self._store(assets)
            return _result({"successful_key_count": len(assets), "unsuccessful_keys": []})

        @routes.post("/upsert-hashes")
        async def upsert(wanted: Hashes) -> JSONResponse:
            del wanted
            return _result(None)

        return routes


def redirects(text: str) -> list[Rewrite]:
    """A ``_redirects`` file as Pages reads it: by default 302, followed whether there is a file or not ("Redirects").

    What wrangler 4.80.0 warns of and Pages ignores is left out: other codes, a second rule for a path, and what leads
    everything to the index page, which would never end.
    """
    found: dict[str, Rewrite] = {}
    for path, to, code in redirect_lines(text):
        endless = path.endswith(("/*", "/")) and to.endswith(("/index", "/index.html")) and to.startswith("/")
        if not endless and (code or "302") in _REDIRECT_CODES:
            found.setdefault(path, Rewrite(path, to, int(code or "302"), force=True))
    return list(found.values())


def _kind(each: Deployment) -> str:
    return "production" if each.production else "preview"


def _result(result: Any, rule: HostRule | None = None, info: Mapping[str, int] | None = None) -> JSONResponse:
    body = {"success": True, "errors": [], "messages": [], "result": result, **({"result_info": info} if info else {})}
    return JSONResponse(body, headers=rule.told if rule else None)


async def _text(form: FormData, name: str) -> str:
    """A part of the form as text, whether it came as a field or as a file."""
    part = form.get(name)
    if isinstance(part, UploadFile):
        return (await part.read()).decode("utf-8", "replace")
    return part or ""


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)
    return problem.answer()


async def _invalid(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    return Refused(400, 8000000, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}").answer()


async def _unknown(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return Refused(problem.status_code, 7003, str(problem.detail)).answer()

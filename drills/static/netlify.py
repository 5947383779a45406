"""Netlify's REST API as its client speaks it (shared facts: requests seen on the wire; open-api.netlify.com)."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from drills.static.netlify_files import settings_of
from drills.static.netlify_rules import LOCKED, OVERWRITTEN, PICKED, RETENTION, RETENTION_DAYS, RULES
from drills.static.rules import HostRule
from drills.static.serving import Settings
from drills.static.store import BadPath, Blob, Deployment, Snapshot, TooLarge, WrongDigest, clean_path
from drills.static.vendor import Vendor

_ACCOUNT = {"id": "drill", "slug": "drill", "name": "drill", "type_name": "Drill", "default": True}


class Refused(Exception):
    """An error in Netlify's envelope."""

    def __init__(self, status: int, message: str, rule: HostRule | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.rule = status, message, rule

    def answer(self) -> JSONResponse:
        """What the client gets."""
        body = {"code": self.status, "message": self.message}
        return JSONResponse(body, self.status, self.rule.told if self.rule else None)


class Deploy(BaseModel):
    """Body of a new or changed deploy: files by path with their SHA-1; without ``files`` it is only announced."""

    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{40}$")]] | None = Field(default=None, max_length=54_000)
    draft: bool = False
    title: str | None = Field(default=None, max_length=1000)
    branch: str | None = Field(default=None, max_length=250)


class NetlifyApi(Vendor):
    """One site of an account."""

    rules: ClassVar[Sequence[HostRule]] = RULES
    uploads: ClassVar[str] = r"/api/v1/deploys/[^/]+/files/.+"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.locked = False
        self._published: list[str] = []
        self._restored = False
        """Whether what is published was put there by a restore, and nothing has been published since."""

    # What the host knows ------------------------------------------------------------------------------------------

    def settings(self, deployment: Deployment) -> Settings:
        """``netlify.toml``, ``_headers`` and ``_redirects`` of the deploy."""
        return settings_of(deployment)

    def deployment_host(self, deployment: Deployment) -> str:
        """``<id>--<site>.netlify.localhost``."""
        return f"{deployment.id}--{self.site.name}.netlify.localhost"

    def snapshot(self) -> Snapshot:
        """Lock and deploys, after what is too old was deleted."""
        self._expire()
        return Snapshot(
            site_id=self.site.id,
            live=self.site.published,
            deployments={each.id: each.state for each in self.site.deployments.values()},
            settings={"published deploy": "locked" if self.locked else "auto publishing"},
        )

    def _expire(self) -> None:
        newest = self.site.newest_first()[:1]
        for each in list(self.site.deployments.values()):
            kept = each.id == self.site.published or each in newest
            if not kept and self.site.age(each) > RETENTION_DAYS:
                self.site.remove(each.id)

    def _find(self, id_: str) -> Deployment:
        self._expire()
        found = self.site.deployments.get(id_)
        if found is None:
            raise Refused(404, "Not Found", RETENTION if id_ in self._published else None)
        return found

    def _site(self, name: str) -> None:
        if name not in (self.site.name, self.site.id, f"{self.site.name}.netlify.localhost"):
            raise Refused(404, "Not Found")

    def _publish(self, deployment: Deployment) -> None:
        self.site.publish(deployment)
        self._published.append(deployment.id)
        self._restored = False

    def _shown(self, each: Deployment) -> dict[str, Any]:
        made = datetime.fromtimestamp(each.created, UTC).isoformat()
        live = each.id == self.site.published
        return {
            "id": each.id,
            "site_id": self.site.id,
            "name": self.site.name,
            "state": each.state,
            "required": self._required(each),
            "required_functions": [],
            "context": "production" if each.production else "deploy-preview",
            "branch": each.details.get("branch", "main"),
            "draft": not each.production,
            "title": each.details.get("title"),
            "locked": live and self.locked,
            "created_at": made,
            "updated_at": made,
            "published_at": made if live else None,
            "url": self.config.site_url,
            "ssl_url": self.config.site_url,
            "deploy_url": f"http://{self.deployment_host(each)}:{self.config.site_port}",
            "deploy_ssl_url": f"http://{self.deployment_host(each)}:{self.config.site_port}",
            "admin_url": self.config.site_url,
            "summary": {"messages": []},
        }

    def _described(self) -> dict[str, Any]:
        self._expire()
        live = self.site.deployments.get(self.site.published)
        return {
            "id": self.site.id,
            "site_id": self.site.id,
            "name": self.site.name,
            "account_id": "drill",
            "account_slug": "drill",
            "account_name": "drill",
            "state": "current",
            "url": self.config.site_url,
            "ssl_url": self.config.site_url,
            "admin_url": self.config.site_url,
            "default_domain": f"{self.site.name}.netlify.localhost",
            "build_settings": {},
            "published_deploy": self._shown(live) if live else None,
        }

    @staticmethod
    def _required(each: Deployment) -> list[str]:
        wanted = each.details.get("announced", {})
        return sorted({digest for path, digest in wanted.items() if path not in each.files})

    # What clients ask for -----------------------------------------------------------------------------------------

    def _new(self, wanted: Deploy) -> Deployment:
        details = {"title": wanted.title, "branch": wanted.branch or "main"}
        made = self.site.add(Deployment(secrets.token_hex(12), not wanted.draft, state="uploading", details=details))
        return self._announce(made, wanted) if wanted.files is not None else made

    def _announce(self, deployment: Deployment, wanted: Deploy) -> Deployment:
        if deployment.state == "ready":
            raise Refused(422, "this deploy is ready, its files cannot be changed")
        announced: dict[str, str] = {}
        for name, digest in (wanted.files or {}).items():
            try:
                announced[clean_path(name)] = digest
            except BadPath as problem:
                raise Refused(422, str(problem)) from problem
        deployment.details["announced"] = announced
        deployment.files.update(
            {path: blob for path, digest in announced.items() if (blob := self.blobs.get(digest)) is not None}
        )
        if wanted.draft:
            deployment.production = False
        return self._ready(deployment)

    def _ready(self, deployment: Deployment) -> Deployment:
        if deployment.state == "ready" or self._required(deployment):
            return deployment
        deployment.state = "ready"
        if deployment.production and self.locked:
            deployment.details["rule"] = LOCKED
        elif deployment.production:
            if self._restored:
                deployment.details["rule"] = OVERWRITTEN
            self._publish(deployment)
        return deployment

    def _told(self, deployment: Deployment) -> JSONResponse:
        """A deploy as the client sees it, and the rule that took part."""
        rule = deployment.details.get("rule")
        return JSONResponse(self._shown(deployment), headers=rule.told if rule else None)

    async def _upload(self, deployment: Deployment, name: str, request: Request) -> Deployment:
        path = _cleaned(name)
        digest = deployment.details.get("announced", {}).get(path)
        if digest is None:
            raise Refused(422, f"{path} was not announced")
        blob = await self._take(request, digest)
        # One upload answers for every path with the same content.
        for other, wanted in deployment.details["announced"].items():
            if wanted == digest:
                deployment.files[other] = blob
        return self._ready(deployment)

    async def _take(self, request: Request, digest: str) -> Blob:
        try:
            return await self.blobs.receive(request.stream(), announced=digest)
        except TooLarge as problem:
            raise Refused(413, str(problem)) from problem
        except WrongDigest as problem:
            raise Refused(422, str(problem)) from problem

    def _restore(self, deployment: Deployment) -> Deployment:
        if deployment.state != "ready":
            raise Refused(422, f"this deploy is {deployment.state}")
        self._publish(deployment)
        self._restored = True
        return deployment

    # Routes -------------------------------------------------------------------------------------------------------

    def api(self) -> FastAPI:
        """The routes that the client uses."""
        app = FastAPI(title="Netlify, as far as a rollback goes", docs_url=None, redoc_url=None)
        app.add_exception_handler(Refused, _refused)
        app.add_exception_handler(RequestValidationError, _invalid)
        app.add_exception_handler(HTTPException, _unknown)
        for routes in (self._account_routes(), self._deploy_routes(), self._publish_routes()):
            app.include_router(routes, prefix="/api/v1", dependencies=[Depends(self._known)])
        return app

    def _known(self, authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self.config.token}".encode()):
            raise Refused(401, "Access Denied")

    def _account_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/user")
        async def user() -> dict[str, Any]:
            return {"id": "drill", "full_name": "drill", "email": "drill@localhost"}

        @routes.get("/accounts")
        async def accounts() -> list[dict[str, Any]]:
            return [_ACCOUNT]

        @routes.get("/accounts/{account}/env")
        async def variables(account: str) -> list[dict[str, Any]]:
            if account != "drill":
                raise Refused(404, "Not Found")
            every = self.config.variables.items()
            return [{"key": name, "values": [{"context": "all", "value": value}]} for name, value in every]

        @routes.get("/sites")
        async def sites(name: Annotated[str, Query(max_length=200)] = "") -> list[dict[str, Any]]:
            return [self._described()] if not name or name in self.site.name else []

        @routes.get("/sites/{site}")
        async def site_of(site: str) -> dict[str, Any]:
            self._site(site)
            return self._described()

        return routes

    def _deploy_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/sites/{site}/deploys")
        async def listed(
            site: str,
            page: Annotated[int, Query(ge=1, le=10_000)] = 1,
            per_page: Annotated[int, Query(ge=1, le=100)] = 100,
        ) -> list[dict[str, Any]]:
            self._site(site)
            self._expire()
            found = self.site.newest_first()[(page - 1) * per_page : page * per_page]
            return [self._shown(each) for each in found]

        @routes.post("/sites/{site}/deploys")
        async def create(
            site: str, wanted: Deploy | None = None, title: Annotated[str, Query(max_length=1000)] = ""
        ) -> JSONResponse:
            self._site(site)
            made = self._new(wanted or Deploy())
            made.details["title"] = made.details["title"] or title
            return self._told(made)

        @routes.put("/sites/{site}/deploys/{deploy}")
        async def announce(site: str, deploy: str, wanted: Deploy) -> JSONResponse:
            self._site(site)
            return self._told(self._announce(self._find(deploy), wanted))

        @routes.get("/deploys/{deploy}")
        @routes.get("/sites/{site}/deploys/{deploy}", include_in_schema=False)
        async def deploy_of(deploy: str) -> dict[str, Any]:
            return self._shown(self._find(deploy))

        @routes.put("/deploys/{deploy}/files/{path:path}")
        async def upload(deploy: str, path: str, request: Request) -> JSONResponse:
            return self._told(await self._upload(self._find(deploy), path, request))

        return routes

    def _publish_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.post("/sites/{site}/deploys/{deploy}/restore")
        async def restore(site: str, deploy: str) -> dict[str, Any]:
            self._site(site)
            return self._shown(self._restore(self._find(deploy)))

        @routes.put("/sites/{site}/rollback", status_code=204)
        async def roll_back(site: str) -> Response:
            self._site(site)
            before = [id_ for id_ in self._published if id_ != self.site.published]
            if not before:
                raise Refused(404, "there is no earlier deploy")
            self._restore(self._find(before[-1]))
            return Response(status_code=204, headers=PICKED.told)

        @routes.post("/deploys/{deploy}/lock")
        async def lock(deploy: str) -> dict[str, Any]:
            found = self._find(deploy)
            if found.id != self.site.published:
                raise Refused(422, "only the published deploy can be locked")
            self.locked = True
            return self._shown(found)

        @routes.post("/deploys/{deploy}/unlock")
        async def unlock(deploy: str) -> dict[str, Any]:
            self.locked = False
            return self._shown(self._find(deploy))

        return routes


def _cleaned(name: str) -> str:
    try:
        return clean_path(name)
    except BadPath as problem:
        raise Refused(422, str(problem)) from problem


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refused)
    return problem.answer()


async def _invalid(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, RequestValidationError)
    first = problem.errors()[0]
    return Refused(422, f"{'.'.join(str(part) for part in first['loc'][1:])}: {first['msg']}").answer()


async def _unknown(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    return Refused(problem.status_code, str(problem.detail)).answer()

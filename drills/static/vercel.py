"""Vercel's REST API as its client and SDK speak it (shared facts: requests seen on the wire; vercel.com/docs/rest-api).

Deployments are prebuilt files: nothing is built here, so a deployment is ready as soon as its files are there.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from drills.static.rules import HostRule, told
from drills.static.serving import Settings
from drills.static.store import BadPath, Blob, Deployment, Snapshot, TooLarge, WrongDigest, clean_path
from drills.static.vendor import Vendor
from drills.static.vercel_env import Variables
from drills.static.vercel_files import settings_of
from drills.static.vercel_rules import (
    ALREADY_LIVE,
    BUILT_VALUES,
    ONCE_LIVE,
    ONE_STEP,
    PINNED,
    PROMOTE_ASSIGNS,
    PROMOTED_AS_BUILT,
    PROMOTED_PREVIEW,
    RULES,
)
from drills.static.vercel_wire import CODES, NewDeployment, ProjectChange, Refused, UploadedFile, envelope

TEAM = "team_drill"
_USER = {"id": "user_drill", "uid": "user_drill", "username": "drill", "email": "drill@localhost", "name": "drill"}


class VercelApi(Vendor):
    """One project of a team."""

    rules: ClassVar[Sequence[HostRule]] = RULES
    uploads: ClassVar[str] = "/v2/files"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.variables = Variables(self.config.variables)
        self.pinned: Literal["", "rollback", "choice"] = ""
        """Why production domains do not go to new production deployments (``autoAssignCustomDomains`` is false)."""
        self.request: dict[str, Any] | None = None
        """The last rollback or promotion (``lastAliasRequest``)."""

    # What the host knows ------------------------------------------------------------------------------------------

    def settings(self, deployment: Deployment) -> Settings:
        """``vercel.json`` of the deployment."""
        return settings_of(deployment.text("/vercel.json"))

    def deployment_host(self, deployment: Deployment) -> str:
        """``<project>-<id>.vercel.localhost``."""
        return f"{self.site.name}-{deployment.id.removeprefix('dpl_').lower()}.vercel.localhost"

    def snapshot(self) -> Snapshot:
        """Pin, plan and the variables of the live build."""
        live = self.site.deployments.get(self.site.published)
        built = live.details.get("variables", {}) if live else {}
        return Snapshot(
            site_id=self.site.id,
            live=self.site.published,
            deployments={each.id: each.state for each in self.site.deployments.values()},
            settings={
                "autoAssignCustomDomains": str(not self.pinned).lower(),
                "plan": self.config.plan,
                **{f"variable {name} of the live build": value for name, value in built.items()},
            },
        )

    def _find(self, id_: str) -> Deployment:
        bare = id_.removeprefix("https://").removeprefix("http://").partition(":")[0].partition("/")[0]
        for each in self.site.deployments.values():
            if each.id == id_ or self.deployment_host(each) == bare:
                return each
        raise Refused(404, "not_found", f"Deployment not found: {id_}")

    def _project(self, name: str) -> None:
        if name not in (self.site.name, self.site.id):
            raise Refused(404, "not_found", "Project not found")

    def _shown(self, each: Deployment) -> dict[str, Any]:
        made = int(each.created * 1000)
        live = each.id == self.site.published
        return {
            "id": each.id,
            "uid": each.id,
            "type": "LAMBDAS",
            "name": self.site.name,
            "url": self.deployment_host(each),
            "projectId": self.site.id,
            "project": {"id": self.site.id, "name": self.site.name},
            "ownerId": TEAM,
            "team": {"id": TEAM, "name": "drill", "slug": "drill"},
            "creator": _USER,
            "target": "production" if each.production else None,
            "readyState": each.state,
            "state": each.state,
            "readySubstate": "PROMOTED" if each.was_live else "STAGED",
            "isRollbackCandidate": each.was_live and not live and self._in_reach(each),
            # The deployment's own name is one; a client waits for it, also where production is pinned elsewhere.
            "aliasAssigned": made,
            "alias": [f"127.0.0.1:{self.config.site_port}"] if live else [self.deployment_host(each)],
            "inspectorUrl": None,
            "meta": each.details.get("meta", {}),
            "created": made,
            "createdAt": made,
            "ready": made,
            "regions": ["drill1"],
            "build": {"env": sorted(each.details.get("variables", {}))},
        }

    # What clients ask for -----------------------------------------------------------------------------------------

    async def _take(self, request: Request, digest: str) -> Blob:
        try:
            return await self.blobs.receive(request.stream(), announced=digest)
        except TooLarge as problem:
            raise Refused(413, CODES[413], str(problem)) from problem
        except WrongDigest as problem:
            raise Refused(400, CODES[400], str(problem)) from problem

    async def _deploy(self, wanted: NewDeployment) -> JSONResponse:
        self._project(wanted.project or wanted.name)
        again = self._find(wanted.deploymentId) if wanted.deploymentId else None
        production = wanted.target == "production"
        files = dict(again.files) if again else await self._files(wanted.files)
        details = {
            "meta": {**(again.details["meta"] if again else {}), **wanted.meta},
            "variables": self.variables.shown("production" if production else "preview"),
        }
        made = Deployment(f"dpl_{secrets.token_hex(12)}", production, state="READY", files=files, details=details)
        self.site.add(made)
        rules = [PROMOTED_PREVIEW] if again and production and not again.production else []
        if production and wanted.autoAssignCustomDomains is not False:
            if not self.pinned:
                self.site.publish(made)
            elif self.pinned == "rollback":
                rules.append(PINNED)
        return JSONResponse(self._shown(made), 200, told(*rules))

    async def _files(self, announced: Sequence[UploadedFile]) -> dict[str, Blob]:
        """Content by path; a client that is told what is missing uploads it and asks again."""
        files: dict[str, Blob] = {}
        missing: list[str] = []
        for each in announced:
            try:
                path = clean_path(each.file)
            except BadPath as problem:
                raise Refused(400, CODES[400], str(problem)) from problem
            blob = self.blobs.get(each.sha) if each.sha else await self.blobs.add(each.data.encode())
            if blob is None:
                missing.append(each.sha)
            else:
                files[path] = blob
        if missing:
            raise Refused(400, "missing_files", "Missing files", missing=list(dict.fromkeys(missing)))
        if not files:
            raise Refused(400, CODES[400], "Invalid request: neither `files` nor `deploymentId`")
        return files

    def _roll_back(self, id_: str) -> Response:
        target = self._find(id_)
        if target.id == self.site.published:
            raise Refused(409, "conflict", f"Deployment {target.id} is already the current production", ALREADY_LIVE)
        if not target.was_live:
            message = f"Deployment {target.id} was never in production and cannot be rolled back to"
            raise Refused(422, "not_rollback_candidate", message, ONCE_LIVE)
        if not self._in_reach(target):
            message = "To roll back further than the previous production deployment, upgrade to pro"
            raise Refused(402, "payment_required", message, ONE_STEP)
        stale = target.details["variables"] != self.variables.shown("production")
        self._move(target, "rollback")
        self.pinned = "rollback"
        # Without a content type: with one the client posts again.
        return Response(status_code=201, headers=told(PINNED, *([BUILT_VALUES] if stale else [])))

    def _in_reach(self, target: Deployment) -> bool:
        return self.config.plan != "hobby" or target.id == self._before()

    def _before(self) -> str:
        """The production deployment before the live one, in the order in which they were made, which is assumed."""
        once = [each.id for each in self.site.newest_first() if each.was_live]
        where = once.index(self.site.published) if self.site.published in once else 0
        return once[where + 1] if where + 1 < len(once) else ""

    def _promote(self, id_: str) -> Response:
        target = self._find(id_)
        if target.id == self.site.published and not self.pinned:
            raise Refused(409, "conflict", f"Deployment {target.id} is already the current production", ALREADY_LIVE)
        rules = [PROMOTE_ASSIGNS] if self.pinned == "choice" else []
        if not target.production:
            rules.append(PROMOTED_AS_BUILT)
        self._move(target, "promote")
        self.pinned = ""
        return Response(status_code=201, headers=told(*rules))

    def _move(self, target: Deployment, kind: str) -> None:
        left = self.site.published
        self.site.publish(target)
        self.request = {
            "fromDeploymentId": left,
            "toDeploymentId": target.id,
            "requestedAt": int(time.time() * 1000),
            "type": kind,
        }

    def _described(self) -> dict[str, Any]:
        live = self.site.deployments.get(self.site.published)
        asked = self.request and {**self.request, "jobStatus": "succeeded" if self.site.settled else "in-progress"}
        return {
            "id": self.site.id,
            "name": self.site.name,
            "accountId": TEAM,
            "framework": None,
            "autoAssignCustomDomains": not self.pinned,
            "lastAliasRequest": asked,
            "link": None,
            "targets": {"production": self._shown(live)} if live else {},
            "latestDeployments": [self._shown(each) for each in self.site.newest_first()[:5]],
            "env": [each.described() for each in self.variables.of("production")],
            "nodeVersion": "20.x",
        }

    # Routes -------------------------------------------------------------------------------------------------------

    def api(self) -> FastAPI:
        """The routes that client and SDK use."""
        app = envelope(FastAPI(title="Vercel, as far as a rollback goes", docs_url=None, redoc_url=None))
        variables = self.variables.routes(self._project)
        for routes in (self._account_routes(), self._deployment_routes(), self._production_routes(), variables):
            app.include_router(routes, dependencies=[Depends(self._known)])
        return app

    def _known(self, authorization: Annotated[str, Header()] = "") -> None:
        if not secrets.compare_digest(authorization.encode(), f"Bearer {self.config.token}".encode()):
            raise Refused(403, "forbidden", "Not authorized: the token is not valid", invalidToken=True)

    def _account_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/v2/user")
        async def user() -> dict[str, Any]:
            return {"user": {**_USER, "defaultTeamId": TEAM}}

        @routes.get("/v1/teams")
        @routes.get("/v2/teams", include_in_schema=False)
        async def teams() -> dict[str, Any]:
            return {"teams": [_team(self.config.plan)], "pagination": {"count": 1, "next": None, "prev": None}}

        @routes.get("/teams/{team}", include_in_schema=False)
        @routes.get("/v1/teams/{team}", include_in_schema=False)
        @routes.get("/v2/teams/{team}")
        async def team_of(team: str) -> dict[str, Any]:
            if team not in (TEAM, "drill"):
                raise Refused(404, "not_found", "Team not found")
            return _team(self.config.plan)

        return routes

    def _deployment_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.post("/v2/files")
        async def upload(request: Request, x_now_digest: Annotated[str, Header(max_length=64)] = "") -> dict[str, Any]:
            await self._take(request, x_now_digest)
            return {"urls": []}

        @routes.post("/v13/deployments")
        async def deploy(wanted: NewDeployment) -> JSONResponse:
            return await self._deploy(wanted)

        @routes.get("/v13/deployments/{deployment}")
        async def deployment_of(deployment: str) -> dict[str, Any]:
            return self._shown(self._find(deployment))

        @routes.get("/v3/now/deployments/{deployment}/events", include_in_schema=False)
        @routes.get("/v3/deployments/{deployment}/events")
        async def events(deployment: str) -> PlainTextResponse:
            found = self._find(deployment)
            line = {"type": "stdout", "created": int(found.created * 1000), "payload": {"text": "prebuilt files"}}
            return PlainTextResponse(json.dumps(line) + "\n", media_type="application/stream+json")

        @routes.get("/v6/deployments")
        @routes.get("/v7/deployments", include_in_schema=False)
        async def listed(
            request: Request,
            projectId: Annotated[str, Query(max_length=200)] = "",
            state: Annotated[str, Query(max_length=100)] = "",
            target: Annotated[str, Query(max_length=50)] = "",
            limit: Annotated[int, Query(ge=1, le=100)] = 20,
            until: Annotated[int, Query(ge=0)] = 0,
        ) -> dict[str, Any]:
            if projectId:
                self._project(projectId)
            asked = request.query_params.items()
            meta = {name.removeprefix("meta-"): value for name, value in asked if name.startswith("meta-")}
            found = [
                each
                for each in self.site.newest_first()
                if (not target or (target == "production") is each.production)
                and (not state or each.state in state.split(","))
                and meta.items() <= each.details["meta"].items()
            ]
            return _page([self._shown(each) for each in found], limit, until)

        return routes

    def _production_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/v9/projects/{project}")
        async def project_of(project: str) -> dict[str, Any]:
            self._project(project)
            return self._described()

        @routes.patch("/v9/projects/{project}")
        async def change(project: str, wanted: ProjectChange) -> dict[str, Any]:
            self._project(project)
            self.pinned = "" if wanted.autoAssignCustomDomains else "choice"
            return self._described()

        @routes.post("/v9/projects/{project}/rollback/{deployment}", include_in_schema=False)
        @routes.post("/v1/projects/{project}/rollback/{deployment}")
        async def roll_back(project: str, deployment: str) -> Response:
            self._project(project)
            return self._roll_back(deployment)

        @routes.post("/v10/projects/{project}/promote/{deployment}")
        async def promote(project: str, deployment: str) -> Response:
            self._project(project)
            return self._promote(deployment)

        return routes


def _team(plan: str) -> dict[str, Any]:
    return {"id": TEAM, "slug": "drill", "name": "drill", "billing": {"plan": plan}, "membership": {"role": "OWNER"}}


def _page(found: list[dict[str, Any]], limit: int, until: int) -> dict[str, Any]:
    """The first ``limit`` that were made before ``until`` (milliseconds; 0: now), and where the next page begins."""
    older = [each for each in found if not until or each["created"] < until]
    more = older[limit - 1]["created"] if len(older) > limit else None
    return {"deployments": older[:limit], "pagination": {"count": len(older[:limit]), "next": more, "prev": None}}

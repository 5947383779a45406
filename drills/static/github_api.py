"""GitHub as far as Pages goes: a git repository over HTTP, builds of its branch, artefacts of runs.

The paths are GitHub's (docs.github.com/rest/pages, docs.github.com/rest/actions) but for ``/_actions/artifacts``, which
stands for the upload inside of ``actions/upload-pages-artifact``: that speaks a protocol that is documented nowhere.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from drills.static.github_repository import BRANCH, BuildFailed, Repository, unpack
from drills.static.rules import ASSUMED, HostRule
from drills.static.serving import Settings
from drills.static.store import Blob, Deployment, Snapshot, TooLarge
from drills.static.vendor import Vendor

OWNER = "drill"
ARTIFACT = "github-pages"
"""Name of the artefact that is deployed (README of upload-pages-artifact)."""
_DOCS = "https://docs.github.com/en"
_SOURCE = f"{_DOCS}/pages/getting-started-with-github-pages/configuring-a-publishing-source-for-your-github-pages-site"

RETENTION = HostRule(
    "github-pages-artifact-retention",
    "an artefact is kept for a day unless the workflow says otherwise",
    "https://github.com/actions/upload-pages-artifact",
)
APART = HostRule(
    "github-pages-build-apart",
    "the run that pushed is green; the build of the site comes after it, and when it fails the old site stays",
    f"{_DOCS}/rest/pages/pages#get-latest-pages-build",
)
JEKYLL = HostRule(
    "github-pages-jekyll-leaves-out",
    "without .nojekyll, what begins with an underscore or a dot is not published",
    f"{_DOCS}/pages/setting-up-a-github-pages-site-with-jekyll/about-github-pages-and-jekyll",
)
NOT_THE_SOURCE = HostRule(
    "github-pages-not-the-source", "what does not come from the publishing source is not published", _SOURCE
)
EXPIRED = HostRule("github-pages-expired-refused", "an expired artefact is refused with 404", ASSUMED)
LIFETIME = HostRule("github-pages-ten-minutes", "visitors and caches may keep each answer for ten minutes", ASSUMED)
RULES = (RETENTION, APART, JEKYLL, NOT_THE_SOURCE, EXPIRED, LIFETIME)


class Refused(Exception):
    """An error in GitHub's envelope."""

    def __init__(self, status: int, message: str, rule: HostRule | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.rule = status, message, rule

    def answer(self) -> JSONResponse:
        """What the client gets."""
        body = {"message": self.message, "documentation_url": f"{_DOCS}/rest", "status": str(self.status)}
        wanted = {"WWW-Authenticate": 'Basic realm="GitHub"'} if self.status == 401 else {}
        return JSONResponse(body, self.status, {**wanted, **(self.rule.told if self.rule else {})})


@dataclass
class WorkflowRun:
    """A run of the team's workflow, and the artefact that it uploaded, if any."""

    id: int
    title: str
    commit: str
    created: float
    days: int = 0
    """Retention of the artefact."""
    artifact: Blob | None = None


class Wanted(BaseModel):
    """Body of a deployment, as ``actions/deploy-pages`` sends it; nobody reads the identity token."""

    artifact_id: int
    pages_build_version: str = Field(min_length=1, max_length=200)
    oidc_token: str = Field(default="", max_length=10_000)
    environment: str = Field(default="github-pages", max_length=200)


class GitHubPagesApi(Vendor):
    """One repository, whose site comes from its branch ``gh-pages`` or from its workflow."""

    rules: ClassVar[Sequence[HostRule]] = RULES
    uploads: ClassVar[str] = r"/[^/]+/[^/]+\.git/git-receive-pack|/_actions/artifacts"

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._runs: dict[int, WorkflowRun] = {}
        self._head = ""
        """The commit that was built last, or not published because the branch is not the source."""
        self._busy = asyncio.Lock()
        self._repository = Repository(self.config.root / "repository.git", OWNER)

    # What the host knows ------------------------------------------------------------------------------------------

    @property
    def from_branch(self) -> bool:
        """Whether the branch is the publishing source; otherwise the workflow is."""
        return self.config.plan != "workflow"

    def settings(self, deployment: Deployment) -> Settings:  # noqa: ARG002
        """``LIFETIME``; a site itself can say nothing, there are no headers and no redirects of the team's."""
        return Settings([("/*", {"Cache-Control": "max-age=600"})])

    def deployment_host(self, deployment: Deployment) -> str:  # noqa: ARG002
        """None: what is not live is served nowhere."""
        return "\0"

    def snapshot(self) -> Snapshot:
        """Builds and deployments, artefacts that are left, and the publishing source."""
        kept = {f"artifact {each.id}": "kept" for each in self._runs.values() if self._kept(each)}
        return Snapshot(
            site_id=self.site.id,
            live=self.site.published,
            deployments={**{each.id: each.state for each in self.site.deployments.values()}, **kept},
            settings={"publishing source": f"branch {BRANCH}" if self.from_branch else "workflow", **self._newest()},
        )

    def _newest(self) -> dict[str, str]:
        """How the newest build ended: one that failed leaves the site as it was."""
        newest = self.site.newest_first()[:1]
        return {"newest build": newest[0].state} if newest else {}

    def _kept(self, run: WorkflowRun) -> bool:
        return run.artifact is not None and time.time() < self._end(run)

    def _end(self, run: WorkflowRun) -> float:
        return run.created + run.days * self.config.day

    # Git ----------------------------------------------------------------------------------------------------------

    async def _spoken(self, service: str, request: Request) -> Response:
        """An answer of git's own HTTP server, and after a push the build of the branch."""
        body = await self._take(request)
        async with self._busy:
            try:
                answer = await self._repository.answer(service, request, body.path)
            except OSError as problem:
                raise Refused(400, "git makes nothing of this request") from problem
            rule = await self._pushed() if service == "git-receive-pack" else None
        answer.headers.update(rule.told if rule else {})
        return answer

    async def _take(self, request: Request) -> Blob:
        try:
            return await self.blobs.receive(request.stream())
        except TooLarge as problem:
            raise Refused(413, str(problem)) from problem

    async def _pushed(self) -> HostRule | None:
        """Builds the branch where it has moved; gives the rule that took part."""
        commit = await self._repository.tip()
        if commit in ("", self._head):
            return None
        self._head = commit
        self._run(await self._repository.title(commit), commit)
        if not self.from_branch:
            return NOT_THE_SOURCE
        id_ = f"build-{len(self.site.deployments) + 1}"
        made = self.site.add(Deployment(id_, production=True, details={"commit": commit}))
        try:
            built = await self._repository.build(commit, self.blobs)
        except BuildFailed as problem:
            made.state, made.details["error"] = "errored", str(problem)
            return APART
        made.state, made.files = "built", built.files
        self.site.publish(made)
        return None if built.whole else JEKYLL

    def _run(self, title: str, commit: str) -> WorkflowRun:
        run = WorkflowRun(len(self._runs) + 1, title, commit, time.time())
        self._runs[run.id] = run
        return run

    # Artefacts ----------------------------------------------------------------------------------------------------

    async def _uploaded(self, title: str, days: int, request: Request) -> WorkflowRun:
        content = await self._take(request)
        run = self._run(title, content.sha1)
        run.artifact, run.days = content, days
        return run

    async def _deployed(self, wanted: Wanted) -> Deployment:
        run = self._runs.get(wanted.artifact_id)
        if run is None or run.artifact is None:
            raise Refused(404, "Not Found")
        if not self._kept(run):
            raise Refused(404, "Not Found", EXPIRED)
        if self.from_branch:
            raise Refused(400, "the publishing source of this repository is a branch", NOT_THE_SOURCE)
        try:
            files = await unpack(run.artifact.path, self.blobs)
        except BuildFailed as problem:
            raise Refused(400, str(problem)) from problem
        id_ = f"deployment-{len(self.site.deployments) + 1}"
        made = Deployment(id_, production=True, state="succeed", files=files, details={"commit": run.commit})
        self.site.publish(self.site.add(made))
        return made

    # What clients see ---------------------------------------------------------------------------------------------

    def _build(self, each: Deployment) -> dict[str, Any]:
        made = _when(each.created)
        return {
            "url": f"{self.config.api_url}/repos/{OWNER}/{self.site.name}/pages/builds/{each.id}",
            "status": each.state,
            "error": {"message": each.details.get("error")},
            "commit": each.details["commit"],
            "created_at": made,
            "updated_at": made,
        }

    def _run_shown(self, run: WorkflowRun) -> dict[str, Any]:
        return {
            "id": run.id,
            "name": "pages",
            "display_title": run.title,
            "head_branch": BRANCH if run.artifact is None else "main",
            "head_sha": run.commit,
            "status": "completed",
            "conclusion": "success",
            "created_at": _when(run.created),
        }

    def _artifacts(self, run: WorkflowRun) -> list[dict[str, Any]]:
        if run.artifact is None:
            return []
        times = {"created_at": _when(run.created), "expires_at": _when(self._end(run))}
        size = run.artifact.size
        return [{"id": run.id, "name": ARTIFACT, "size_in_bytes": size, "expired": not self._kept(run), **times}]

    # Routes -------------------------------------------------------------------------------------------------------

    def api(self) -> FastAPI:
        """The routes that git, the actions and a team's scripts use."""
        app = FastAPI(title="GitHub, as far as Pages goes", docs_url=None, redoc_url=None)
        app.add_exception_handler(Refused, _refused)
        app.add_exception_handler(RequestValidationError, _invalid)
        app.add_exception_handler(HTTPException, _unknown)
        for routes in (self._git_routes(), self._pages_routes(), self._run_routes()):
            app.include_router(routes, dependencies=[Depends(self._known)])
        return app

    def _known(self, authorization: Annotated[str, Header()] = "") -> None:
        kind, _, said = authorization.partition(" ")
        if kind.lower() == "basic":
            try:
                said = base64.b64decode(said, validate=True).partition(b":")[2].decode("utf-8", "replace")
            except (binascii.Error, ValueError):
                said = ""
        if not secrets.compare_digest(said.encode(), self.config.token.encode()):
            raise Refused(401, "Bad credentials")

    def _named(self, owner: str, name: str) -> None:
        if (owner, name) != (OWNER, self.site.name):
            raise Refused(404, "Not Found")

    def _git_routes(self) -> APIRouter:
        routes = APIRouter(prefix="/{owner}/{name}.git", include_in_schema=False)

        @routes.get("/info/refs")
        async def refs(owner: str, name: str, request: Request) -> Response:
            self._named(owner, name)
            return await self._spoken("info/refs", request)

        @routes.post("/git-upload-pack")
        async def fetched(owner: str, name: str, request: Request) -> Response:
            self._named(owner, name)
            return await self._spoken("git-upload-pack", request)

        @routes.post("/git-receive-pack")
        async def pushed(owner: str, name: str, request: Request) -> Response:
            self._named(owner, name)
            return await self._spoken("git-receive-pack", request)

        return routes

    def _pages_routes(self) -> APIRouter:
        routes = APIRouter(prefix="/repos/{owner}/{name}/pages")

        @routes.get("")
        async def pages(owner: str, name: str) -> dict[str, Any]:
            self._named(owner, name)
            newest = self.site.newest_first()[:1]
            return {
                "status": next((each.state.replace("succeed", "built") for each in newest), None),
                "html_url": self.config.site_url,
                "build_type": "legacy" if self.from_branch else "workflow",
                "source": {"branch": BRANCH, "path": "/"},
            }

        @routes.get("/builds")
        async def builds(owner: str, name: str) -> list[dict[str, Any]]:
            self._named(owner, name)
            return [self._build(each) for each in self.site.newest_first()]

        @routes.get("/builds/latest")
        async def latest(owner: str, name: str) -> JSONResponse:
            self._named(owner, name)
            newest = self.site.newest_first()[:1]
            if not newest:
                raise Refused(404, "Not Found")
            return JSONResponse(self._build(newest[0]), headers=APART.told if newest[0].state == "errored" else None)

        @routes.post("/deployments")
        async def deploy(owner: str, name: str, wanted: Wanted) -> dict[str, Any]:
            self._named(owner, name)
            made = await self._deployed(wanted)
            return {"id": made.id, "page_url": self.config.site_url}

        @routes.get("/deployments/{deployment}")
        async def deployed(owner: str, name: str, deployment: str) -> dict[str, Any]:
            self._named(owner, name)
            found = self.site.deployments.get(deployment)
            if found is None:
                raise Refused(404, "Not Found")
            return {"status": found.state}

        return routes

    def _run_routes(self) -> APIRouter:
        routes = APIRouter()

        @routes.get("/repos/{owner}/{name}/actions/runs")
        async def runs(owner: str, name: str) -> dict[str, Any]:
            self._named(owner, name)
            found = [self._run_shown(each) for each in reversed(self._runs.values())]
            return {"total_count": len(found), "workflow_runs": found}

        @routes.get("/repos/{owner}/{name}/actions/runs/{run}/artifacts")
        async def artifacts(owner: str, name: str, run: int) -> JSONResponse:
            self._named(owner, name)
            if run not in self._runs:
                raise Refused(404, "Not Found")
            found = self._artifacts(self._runs[run])
            gone = any(each["expired"] for each in found)
            body = {"total_count": len(found), "artifacts": found}
            return JSONResponse(body, headers=RETENTION.told if gone else None)

        @routes.post("/_actions/artifacts", status_code=201)
        async def upload(
            request: Request,
            title: Annotated[str, Query(min_length=1, max_length=200)],
            retention_days: Annotated[int, Query(ge=1, le=90)] = 1,
        ) -> dict[str, Any]:
            return self._run_shown(await self._uploaded(title, retention_days, request))

        return routes


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


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

"""Stack service ``s3-website``: a bucket that serves a site, as its website endpoint or a CDN in front of it would.

The bucket is the AWS endpoint's. What a website endpoint adds to it (index document, errors as pages) is done by rules
on the visitors' way: the emulators answer such requests as the plain API does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Literal, cast
from urllib.parse import urlsplit

from pydantic import Field

from drills.aws import AwsEndpoint
from drills.container_logs import telling
from harness.events import StackFact
from harness.model import ResidueClass
from harness.spi import Layers, Run, ServiceConfig, ServiceName
from harness.tap import Answer, Operation, Request, Rule, Upstream

_INDEX = "index.html"
_LOST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN})


class S3Website(ServiceConfig):
    """A bucket with a website configuration."""

    uses: Literal["s3-website"] = "s3-website"
    endpoint: ServiceName = Field(default="aws", validate_default=True, description="the `aws` service of this stack")
    bucket: str = Field(default="storefront", description="name of the bucket")
    fallback: bool = Field(
        default=False,
        description="what is not there is answered with the page and 200, as a CDN's error response for single-page "
        "applications does",
    )

    def after(self) -> Sequence[str]:
        """The endpoint."""
        return (self.endpoint,)

    def start(self, name: str, run: Run) -> RunningWebsite:  # noqa: ARG002
        """Make the bucket; the site comes with the first release."""
        endpoint = cast(AwsEndpoint, run.services[self.endpoint])
        endpoint.client("s3").create_bucket(
            Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )
        log: list[str] = []
        rules: tuple[Rule, ...] = (Website(self.fallback, log),)
        way = run.taps.open(f"{endpoint.url}/{self.bucket}", WebsiteRequests(rules), users=True)
        what = "index document" + (", errors answered with the page and 200" if self.fallback else "")
        run.timeline.write(StackFact(name="website", value=f"{what}, as {Website.source}", simulated=True))
        return RunningWebsite(self.bucket, way.url, log)


@dataclass(frozen=True)
class RunningWebsite:
    """A bucket that serves."""

    bucket: str
    url: str
    """Where visitors enter."""
    log: list[str] = field(default_factory=list)

    def environment(self) -> Mapping[str, str]:
        """``SITE_BUCKET``, ``SITE_URL``."""
        return {"SITE_BUCKET": self.bucket, "SITE_URL": self.url}

    def names(self) -> Mapping[str, str]:
        """``bucket``, ``url``."""
        return {"bucket": self.bucket, "url": self.url}

    def logs(self, containing: str) -> Sequence[str]:
        """Requests that were answered."""
        return telling(self.log, containing)

    def snapshot(self) -> Layers:
        """Nothing: objects are the endpoint's."""
        return {}

    def classify(self, layer: str, key: str, before: str, after: str) -> ResidueClass | None:  # noqa: ARG002
        """No layer is its own."""
        return None


@dataclass(frozen=True)
class Website:
    """S3 serves the index document for a folder; a CDN may turn errors into the page."""

    fallback: bool
    log: list[str]
    name: str = "s3-website-index-document"
    source: str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/IndexDocumentSupport.html"

    async def answer(self, operation: Operation, request: Request, upstream: Upstream) -> Answer | None:
        """The object, the index document of a folder, or what there is in place of an error."""
        path = operation.resource
        answer = await upstream(_to(request, path + _INDEX if path.endswith("/") else path))
        if answer.status in _LOST:
            # Without the right to list, S3 tells 403 for what is not there; a website endpoint makes a page of either.
            found = await upstream(_to(request, f"/{_INDEX}")) if self.fallback else None
            answer = found or Answer(404, {"Content-Type": "text/html"}, b"<h1>404 Not Found</h1>")
        entry = {"path": path, "status": answer.status, "request": request.headers.get("x-request-id", "")}
        self.log.append(json.dumps(entry))
        return answer


def _to(request: Request, path: str) -> Request:
    return replace(request, path=path)


@dataclass(frozen=True)
class WebsiteRequests:
    """The dialect of visitors."""

    rules: tuple[Rule, ...]

    def operation(self, request: Request) -> Operation:
        """Method and path."""
        return Operation("website", request.method, urlsplit(request.path).path)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:  # noqa: ARG002
        """A plain error."""
        return Answer(status, {"Content-Type": "text/plain"}, f"{code}: {message}".encode())

    def error(self, answer: Answer) -> str:
        """What it said."""
        return answer.body.decode("utf-8", "replace")

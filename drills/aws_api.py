"""How AWS APIs speak, for the tap: operation names, error formats, and where ministack is kinder than AWS.

Names and shapes come from botocore's own service models, so that every service is known, not only those drilled here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from drills.aws_identity import Credentials
from drills.aws_rules import RULES
from drills.aws_scheduler import SchedulerLooksAgain
from drills.aws_trust import TrustPolicy
from harness.tap import Answer, Operation, Request, Rule

_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
"""Credential scope of Signature Version 4 (AWS, "Elements of an AWS API request signature")."""
_MODELS = {"elasticloadbalancing": "elbv2", "monitoring": "cloudwatch", "email": "ses", "states": "stepfunctions"}
"""Signing names whose model has another name."""
_UNSIGNED = dict.fromkeys(("AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"), "sts")
"""Calls for which nobody needs a key yet (AWS STS, "AssumeRoleWithWebIdentity")."""
_SHOWN = 160


class AwsDialect:
    """Reads requests of any AWS client; see ``harness.tap.Dialect``."""

    def __init__(self, more: tuple[Rule, ...] = ()) -> None:
        self.rules: tuple[Rule, ...] = (TrustPolicy(), Credentials(), *RULES, *more, SchedulerLooksAgain())
        """What AWS refuses and emulators let through, and what is asked of this endpoint besides."""

    def operation(self, request: Request) -> Operation:
        """Service by the signature's scope, action by the service's protocol, resource by its required parameters."""
        signed = _SCOPE.search(request.headers.get("authorization", ""))
        service = signed[1] if signed else ""
        model = _model(service)
        place = urlsplit(request.path)
        target = request.headers.get("x-amz-target", "")
        if target:
            action, parameters = target.rpartition(".")[2], _json(request.body)
        elif b"Action=" in request.body[:4096] or "Action=" in place.query:
            form = parse_qs(request.body.decode("utf-8", "replace") or place.query)
            parameters = {name: values[0] for name, values in form.items()}
            action = str(parameters.get("Action", ""))
        else:
            action, parameters = _by_path(model, request)
            parameters = {**_json(request.body), **parameters}
        service = service or _UNSIGNED.get(action, "")
        if not action:
            return Operation(service or "unsigned", f"{request.method} {place.path}", "", parameters)
        return Operation(service, action, _resource(model, action, parameters), parameters)

    def refusal(self, request: Request, status: int, code: str, message: str) -> Answer:
        """An error in the protocol that the client spoke."""
        if request.headers.get("x-amz-target") or not _speaks_xml(request):
            status = 400 if request.headers.get("x-amz-target") and status in (403, 429) else status
            kind = request.headers.get("content-type", "application/json")
            body = json.dumps({"__type": code, "message": message, "Message": message})
            return Answer(status, {"Content-Type": kind, "x-amzn-ErrorType": code}, body.encode())
        text = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
        body = f"<ErrorResponse><Error><Type>Sender</Type>{text}</Error></ErrorResponse>"
        return Answer(status, {"Content-Type": "text/xml"}, body.encode())

    def error(self, answer: Answer) -> str:
        """Code and message, from JSON or XML."""
        told = _json(answer.body)
        if told:
            code = str(told.get("__type") or answer.headers.get("x-amzn-ErrorType", "")).rpartition("#")[2]
            message = str(told.get("message") or told.get("Message") or "")
        else:
            text = answer.body[:4096].decode("utf-8", "replace")
            code, message = (_tag(text, name) for name in ("Code", "Message"))
        return f"{code}: {message}".strip(": ")[:_SHOWN]


@cache
def _model(signing_name: str) -> ServiceModel | None:
    """From botocore's data alone: a session would read the user's profile, which no drill may."""
    service = _MODELS.get(signing_name, signing_name)
    try:
        return ServiceModel(Loader().load_service_model(service, "service-2"), service)
    except UnknownServiceError:
        return None


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _speaks_xml(request: Request) -> bool:
    return (
        b"Action=" in request.body[:4096]
        or "Action=" in request.path
        or "/s3/" in request.headers.get("authorization", "")
    )


@dataclass(frozen=True)
class _Route:
    """Where a REST operation is found, and what else a request of it must have: S3 tells many apart by that alone."""

    name: str
    method: str
    path: re.Pattern[str]
    query: frozenset[str]
    headers: frozenset[str]

    def parameters(self, request: Request) -> dict[str, str] | None:
        place = urlsplit(request.path)
        match = self.path.fullmatch(unquote(place.path))
        asked = set(parse_qs(place.query, keep_blank_values=True))
        fits = match and request.method == self.method and self.query <= asked and self.headers <= set(request.headers)
        return match.groupdict() if match and fits else None


def _by_path(model: ServiceModel | None, request: Request) -> tuple[str, dict[str, str]]:
    for route in _routes(model) if model else ():
        parameters = route.parameters(request)
        if parameters is not None:
            return route.name, parameters
    return "", {}


@cache
def _routes(model: ServiceModel) -> tuple[_Route, ...]:
    """REST operations, the most demanding first, as a router would try them."""
    routes = [_route(model.operation_model(name)) for name in model.operation_names]
    demands = {each.name: (-len(each.query) - len(each.headers), each.path.groups) for each in routes}
    return tuple(sorted(routes, key=lambda each: demands[each.name]))


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    shape = operation.input_shape
    needed = [shape.members[name].serialization for name in shape.required_members] if shape else []
    fixed = {part.partition("=")[0] for part in query.split("&") if part} - {"x-id"}
    return _Route(
        operation.name,
        operation.http["method"],
        _pattern(path),
        frozenset(fixed | {each["name"] for each in needed if each.get("location") == "querystring"}),
        frozenset(each["name"].lower() for each in needed if each.get("location") == "header"),
    )


def _pattern(uri: str) -> re.Pattern[str]:
    parts = re.split(r"\{([A-Za-z]+)(\+?)\}", uri)
    text = ""
    for index in range(0, len(parts), 3):
        text += re.escape(parts[index])
        if index + 2 < len(parts):
            text += f"(?P<{parts[index + 1]}>{'.+' if parts[index + 2] else '[^/]+'})"
    return re.compile(text + "/?", re.DOTALL)


def _resource(model: ServiceModel | None, action: str, parameters: Mapping[str, Any]) -> str:
    if model is None or action not in model.operation_names:
        return ""
    shape = model.operation_model(action).input_shape
    values = [parameters.get(name) for name in shape.required_members] if shape else []
    flat = [str(each) for value in values for each in (value if isinstance(value, list) else [value])]
    named = [each for each in flat if each not in ("None", "") and not each.startswith("{")]
    return ", ".join(named)[:_SHOWN]


def _tag(text: str, name: str) -> str:
    match = re.search(f"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return match[1] if match else ""

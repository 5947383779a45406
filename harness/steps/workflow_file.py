"""What a GitHub Actions workflow file says, as far as a drill has to know it before it runs.

Rules are GitHub's, from its documentation: "Workflow syntax for GitHub Actions" and "Events that trigger workflows".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BUILT_IN = "actions/checkout"
"""The one remote action that the runner brings along."""
_FOREIGN = ("windows", "macos")
"""Beginnings of the labels of runners that this host is not."""
_TOKEN = "id-token"


@dataclass(frozen=True)
class Job:
    """One job."""

    id: str
    body: Mapping[str, Any]
    may_ask_for_token: bool
    """Whether it has the permission ``id-token: write``, its own or the workflow's."""

    @property
    def environment(self) -> str:
        """Name of its deployment environment; empty where it has none."""
        said = self.body.get("environment", "")
        return str(said.get("name", "")) if isinstance(said, Mapping) else str(said)

    @property
    def needs(self) -> Sequence[str]:
        """Ids of the jobs that it waits for."""
        said = self.body.get("needs", ())
        return (said,) if isinstance(said, str) else tuple(said)

    @property
    def labels(self) -> Sequence[str]:
        """Labels of the runner that it wants, as far as they are written down."""
        said = self.body.get("runs-on", ())
        said = said.get("labels", ()) if isinstance(said, Mapping) else said
        return (said,) if isinstance(said, str) else tuple(str(each) for each in said)

    def actions(self) -> Iterator[str]:
        """What its steps, or the job as a whole, take from elsewhere by ``uses``."""
        for body in (self.body, *(each for each in self.body.get("steps") or () if isinstance(each, Mapping))):
            if "uses" in body:
                yield str(body["uses"])


@dataclass(frozen=True)
class WorkflowFile:
    """A workflow file that could be read."""

    name: str
    events: Mapping[str, Any]
    jobs: Mapping[str, Job]
    concurrency: Any
    """The workflow's own ``concurrency``, as it is written; None where it has none."""

    def remote_actions(self) -> list[str]:
        """Actions and workflows of other repositories that the runner does not bring along."""
        found = dict.fromkeys(action for job in self.jobs.values() for action in job.actions())
        return [each for each in found if not each.startswith("./") and each.partition("@")[0] != BUILT_IN]

    def labels(self) -> list[str]:
        """Labels of runners that this host can stand for."""
        wanted = dict.fromkeys(label for job in self.jobs.values() for label in job.labels)
        return [each for each in wanted if not each.lower().startswith(_FOREIGN)]

    def wrong_inputs(self, given: Mapping[str, str]) -> list[str]:
        """What GitHub refuses of a dispatch with these inputs; the runner lets all of it through."""
        declared = (self.events.get("workflow_dispatch") or {}).get("inputs") or {}
        problems = [
            f"input {name!r} is not one of the workflow's: {', '.join(declared) or 'it has none'}"
            for name in given
            if name not in declared
        ]
        for name, rules in declared.items():
            if problem := _wrong(rules or {}, given.get(name, "")):
                problems.append(f"input {name!r} {problem}")
        return problems

    def unplayed(self) -> Iterator[tuple[str, str]]:
        """What the file asks of GitHub and the runner does not do: where it is said, and what becomes of it."""
        if self.concurrency is not None:
            yield "concurrency", "no other run is waited for or cancelled but those that the step names"
        for job in self.jobs.values():
            if job.environment:
                name = f"environment {job.environment} of job {job.id}"
                yield name, "its rules and secrets are not GitHub's: only reviewers that the step names are waited for"
            if job.body.get("concurrency") is not None:
                yield f"concurrency of job {job.id}", "not played"
            if "timeout-minutes" in job.body:
                yield f"timeout-minutes of job {job.id}", "not enforced; that of a step is"
            if job.may_ask_for_token:
                yield f"OIDC token of job {job.id}", "GitHub's is not there"


def read_workflow(file: Path) -> WorkflowFile | None:
    """The workflow in ``file``; None where it is none that can be read: what is wrong then is the runner's to say.

    Raises:
        OSError: there is no such file.
    """
    text = file.read_text(encoding="utf-8", errors="replace")
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError:
        return None
    jobs = data.get("jobs") if isinstance(data, Mapping) else None
    if not isinstance(jobs, Mapping) or not all(isinstance(each, Mapping) for each in jobs.values()):
        return None
    everywhere = _token(data.get("permissions"))
    return WorkflowFile(
        name=str(data.get("name") or file.name),
        events=_events(data.get("on", data.get(True))),  # YAML 1.1 reads the key `on` as a truth value
        jobs={str(name): Job(str(name), body, _may(body, everywhere)) for name, body in jobs.items()},
        concurrency=data.get("concurrency"),
    )


def _events(said: Any) -> Mapping[str, Any]:
    if isinstance(said, Mapping):
        return said
    return dict.fromkeys([said] if isinstance(said, str) else said or ())


def _token(permissions: Any) -> bool:
    return permissions == "write-all" or (isinstance(permissions, Mapping) and permissions.get(_TOKEN) == "write")


def _may(job: Mapping[str, Any], everywhere: bool) -> bool:
    return _token(job["permissions"]) if "permissions" in job else everywhere


def _wrong(rules: Mapping[str, Any], value: str) -> str:
    """What is wrong with the value of one input; empty where nothing is."""
    kind = rules.get("type", "string")
    if not value:
        return "is required and was not given" if rules.get("required") and "default" not in rules else ""
    if kind == "choice" and value not in [str(each) for each in rules.get("options") or ()]:
        return f"is {value!r}, and may be {', '.join(map(str, rules.get('options') or ()))}"
    if kind == "boolean" and value not in ("true", "false"):
        return f"is {value!r}, and may be true or false"
    if kind == "number" and not _is_number(value):
        return f"is {value!r}, and has to be a number"
    return ""


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True

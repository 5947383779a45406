"""What GitHub does around a workflow run and no runner does: other runs, reviewers. Simulated, by its documented rules.

A step names what is going on in the repository; its own file and theirs say what follows.

- One run of a concurrency group is in progress, one waits, and a newer one takes the place of the one that waits;
  ``cancel-in-progress`` ends the running one, ``queue: max`` lets all wait. Names of groups know no case.
  ("Control the concurrency of workflows and jobs")
- A job of an environment with required reviewers waits until one of them agrees. ("Reviewing deployments")
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import Field

from harness.model import Frozen
from harness.steps.workflow_file import WorkflowFile
from harness.units import Duration


class OtherRuns(Frozen):
    """Runs of the same repository around this one."""

    running: list[str] = Field(default_factory=list, description="workflow files that have a run in progress")
    longer: Duration | None = Field(default=None, description="how much longer those take; for ever when left out")
    later: list[str] = Field(default_factory=list, description="workflow files that are started while this one waits")


class Wait(Frozen):
    """Something that this run waits for; ``seconds`` is None where it waits for ever."""

    what: str
    seconds: float | None


class Cancelled(Frozen):
    """Why this run never starts."""

    why: str


def in_the_queue(
    ours: WorkflowFile, runs: OtherRuns, read: Mapping[str, WorkflowFile | None]
) -> Wait | Cancelled | None:
    """What the other runs mean for ours; None where it starts at once.

    Args:
        read: the files that ``runs`` names; None for one that cannot be read, and has no group then.
    """
    for group, rules in _groups(ours):
        busy = [name for name in runs.running if _is_in(group, read[name])]
        if not busy or str(rules.get("cancel-in-progress", "")).lower() == "true":
            continue
        later = [name for name in runs.later if _is_in(group, read[name])]
        if later and rules.get("queue") != "max":
            return Cancelled(
                why=f"cancelled before it started: it waited in concurrency group {group!r} behind {busy[0]}, "
                f"and a newer run of {later[-1]} took its place"
            )
        return Wait(what=f"{busy[0]}, the run in progress of concurrency group {group!r}", seconds=runs.longer)
    return None


def for_reviewers(ours: WorkflowFile, reviewers: Mapping[str, float | None], actor: str) -> Iterator[Wait]:
    """The approvals that jobs of ours wait for.

    Args:
        reviewers: seconds until somebody who may approves, by environment; None where nobody can.
    """
    for job in ours.jobs.values():
        if job.environment in reviewers:
            seconds = reviewers[job.environment]
            who = f"; nobody is there who may approve a run of {actor}'s" if seconds is None else ""
            yield Wait(what=f"job {job.id}: a reviewer of environment {job.environment!r}{who}", seconds=seconds)


def _groups(workflow: WorkflowFile) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """Concurrency groups of a workflow and of its jobs, with their other keys."""
    said = [workflow.concurrency, *(job.body.get("concurrency") for job in workflow.jobs.values())]
    rules = [each if isinstance(each, Mapping) else {"group": each} for each in said if each is not None]
    return [(_filled(str(each.get("group", "")), workflow), each) for each in rules]


def _filled(group: str, workflow: WorkflowFile) -> str:
    """A group's name with the one expression filled that makes it another for each workflow; the rest stays text."""
    return group.replace("${{ github.workflow }}", workflow.name).lower()


def _is_in(group: str, workflow: WorkflowFile | None) -> bool:
    return workflow is not None and group in [name for name, _ in _groups(workflow)]

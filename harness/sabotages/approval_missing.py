"""Approval that nobody can give: those who may agree to a deployment are asleep, or may not agree to their own."""

from __future__ import annotations

from harness.sabotages import Armed, Ended, Saboteur, Site
from harness.scenario.models import Scenario

UNANSWERED = "DRILL_NOBODY_APPROVES"
"""Variable that tells the step ``workflow`` that nobody answers; no command needs it."""


class ApprovalMissing(Saboteur):
    """Each environment of the rollback's workflow has required reviewers, and none of them is there."""

    name = "approval-missing"
    breaks = "nobody can approve a job that deploys to an environment"
    simulated = True

    def applies(self, scenario: Scenario, path: str) -> str | None:
        """Only workflows wait for approval."""
        found = any(step.uses == "workflow" for step in scenario.paths[path].rollback.steps)
        return None if found else "no step of this rollback is a workflow"

    def arm(self, site: Site) -> Armed:  # noqa: ARG002
        """By a variable: there is no GitHub whose reviewers could be asked."""
        what = "every environment of the workflow wants a reviewer, and nobody answers"
        return Armed(what, Ended, {UNANSWERED: "1"})

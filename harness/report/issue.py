"""A run that did not pass becomes an issue of the team's repository, over GitHub's REST API; one issue a path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests

from harness.errors import EnvironmentProblem
from harness.record import RunRecord

LABEL = "rollback-drill"
"""Label of the issues; by it the open ones are found again."""
_LONGEST = 65_000
"""Characters of a body; GitHub takes 65,536."""
_PATIENCE = 30.0
_CUT = "\n\n… the rest is in `report.md` of this run.\n"


@dataclass(frozen=True)
class Repository:
    """Where issues are opened, and as whom."""

    api: str
    """Such as ``https://api.github.com``."""
    name: str
    """``owner/name``."""
    token: str

    def tell(self, record: RunRecord, page: str, link: str) -> str:
        """Open the issue of the run's scenario and path or, where it is open, comment on it; answers its address.

        Args:
            page: the first page of the run's report.
            link: address of the workflow run.

        Raises:
            EnvironmentProblem: the API cannot be reached, or refuses.
        """
        title = f"Rollback drill: {record.scenario}, path {record.path}"
        body = _body(page, link)
        opened = self._ask("GET", "issues", params={"state": "open", "labels": LABEL, "per_page": "100"})
        for each in opened:
            if each["title"] == title and "pull_request" not in each:
                return str(self._ask("POST", f"issues/{each['number']}/comments", json={"body": body})["html_url"])
        return str(self._ask("POST", "issues", json={"title": title, "body": body, "labels": [LABEL]})["html_url"])

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        headers = {"Accept": "application/vnd.github+json", "Authorization": f"Bearer {self.token}"}
        url = f"{self.api}/repos/{self.name}/{path}"
        try:
            answer = requests.request(method, url, headers=headers, timeout=_PATIENCE, **arguments)
            answer.raise_for_status()
            return answer.json()
        except requests.RequestException as problem:
            raise EnvironmentProblem(
                f"no issue could be opened in {self.name}: {problem}",
                next_step="the job needs `permissions: {issues: write}`",
            ) from problem


def _body(page: str, link: str) -> str:
    # An invisible joiner after @: what a log says shall not call people.
    text = page.replace("@", "@\u2060")
    room = _LONGEST - len(link) - len(_CUT)
    return f"{link}\n\n{text if len(text) <= room else text[:room] + _CUT}"

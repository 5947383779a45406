#!/usr/bin/env python3
"""deploy-run.py TITLE: what the deploy job of the newest run with that title does, each time that it is run again.

It stands for `actions/deploy-pages`, which deploys the artefact `github-pages` of its run or says that there is none.
"""

import json
import sys

from api import ask

ARTIFACT = "github-pages"


def main(title: str) -> None:
    """Deploy."""
    runs = [each for each in ask("GET", "/actions/runs")["workflow_runs"] if each["display_title"] == title]
    if not runs:
        sys.exit(f"there is no run with the title {title!r}")
    found = ask("GET", f"/actions/runs/{runs[0]['id']}/artifacts")["artifacts"]
    left = [each for each in found if each["name"] == ARTIFACT and not each["expired"]]
    if not left:
        sys.exit(f'Error: No artifacts named "{ARTIFACT}" were found for this workflow run.')
    wanted = {"artifact_id": left[0]["id"], "pages_build_version": runs[0]["head_sha"]}
    deployment = ask("POST", "/pages/deployments", json.dumps(wanted).encode())
    status = ask("GET", f"/pages/deployments/{deployment['id']}")["status"]
    print(f"{deployment['id']}: {status}")
    if status != "succeed":
        sys.exit("the deployment did not succeed")


if __name__ == "__main__":
    main(*sys.argv[1:])

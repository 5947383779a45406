"""The shipped workflows, run by act (https://github.com/nektos/act) on this host: no image, no network.

Two actions of GitHub's are stood in for: the check-out of drill's own repository is a link to this one, and the
upload copies into a folder. Everything else is what runs at GitHub: workflow, action, its script, drill, a real stack.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from tests.harness.report.test_github import read as read_command
from tests.live.conftest import ROOT, leftovers

ACT = Path(sys.executable).with_name("act")
COMMIT = "0123456789012345678901234567890123456789"
CHANGES = (
    "windows.baseline=2s",
    "windows.settle=1.5s",
    "windows.sustained=1.5s",
    "windows.soak=3s",
    "fault.within=6s",
)
LATE = "budgets.rto=1s"
GREEN, RED = {"gate": "success", "release": "success"}, {"gate": "failure"}
CHECKOUT = """
name: check-out of another repository, as a link
inputs: {repository: {default: ""}, ref: {default: ""}, path: {required: true}, persist-credentials: {default: ""}}
runs:
  using: composite
  steps: [{shell: bash, run: 'ln -s "$TEST_ROOT" "$TO"', env: {TO: "${{ inputs.path }}"}}]
"""
UPLOAD = """
name: upload, as a copy
inputs: {name: {required: true}, path: {required: true}, if-no-files-found: {default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      run: mkdir "$TEST_UPLOADS/$NAME"; printf %s "$FROM" | xargs -d '\\n' cp -r -t "$TEST_UPLOADS/$NAME"
      env: {FROM: "${{ inputs.path }}", NAME: "${{ inputs.name }}"}
"""
RELEASE = f"""
on:
  workflow_dispatch:
    inputs:
      scenarios: {{type: string, default: mine}}
      set: {{type: string, default: ""}}
      policy: {{type: string, default: ""}}
permissions: {{contents: read}}
jobs:
  rehearsal:
    uses: example/drill/.github/workflows/drill-gate.yml@{COMMIT}
    with:
      scenarios: "${{{{ inputs.scenarios }}}}"
      path: prepared
      set: "${{{{ inputs.set }}}}"
      policy: "${{{{ inputs.policy }}}}"
  release:
    needs: rehearsal
    runs-on: ubuntu-24.04
    steps:
      - run: echo "released after $VERDICT, $TIME s"
        env:
          VERDICT: ${{{{ needs.rehearsal.outputs.verdict }}}}
          TIME: ${{{{ needs.rehearsal.outputs.recovery-time }}}}
"""


@dataclass
class Workflow:
    """A workflow that act ran to its end."""

    code: int
    output: str
    uploads: Path
    lines: list[dict] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    @property
    def log(self) -> str:
        return "".join(each["msg"] for each in self.lines if each.get("raw_output"))

    @property
    def summaries(self) -> list[str]:
        return [each["content"] for each in self.lines if each.get("command") == "summary"]

    @property
    def annotations(self) -> list[tuple[str, dict[str, str], str]]:
        commands = (each for each in self.lines if each.get("command") in ("error", "warning", "notice"))
        return [read_command(each["msg"].strip().split(maxsplit=1)[1]) for each in commands]

    @property
    def results(self) -> dict[str, str]:
        return {each["jobID"]: each["jobResult"] for each in self.lines if "jobResult" in each}

    @cached_property
    def run(self) -> Path:
        (folder,) = (each.parent for each in self.uploads.glob("*/*/timeline.jsonl"))
        return folder


@pytest.fixture
def act(tmp_path):
    """Run a workflow with act: a scrubbed environment, since the host's would reach every step."""
    stubs = {"actions/checkout": CHECKOUT, "actions/upload-artifact": UPLOAD}
    local = [f"example/drill@{COMMIT}={ROOT}"]
    for used in sorted(_uses()):
        name = used.split("@")[0]
        folder = tmp_path / "stubs" / name
        folder.mkdir(parents=True)
        (folder / "action.yml").write_text(stubs[name])
        local.append(f"{used}={folder}")
    uploads, home = tmp_path / "uploads", tmp_path / "home"
    uploads.mkdir()
    home.mkdir()

    def call(repository: Path, workflow: str, **inputs: str) -> Workflow:
        argv = [ACT, "workflow_dispatch", "-W", f".github/workflows/{workflow}", "-P", "ubuntu-24.04=-self-hosted"]
        argv += ["--json", "--action-offline-mode", "--no-cache-server"]
        argv += [word for each in local for word in ("--local-repository", each)]
        argv += [word for name, value in inputs.items() for word in ("--input", f"{name.replace('_', '-')}={value}")]
        argv += ["--env", f"TEST_ROOT={ROOT}", "--env", f"TEST_UPLOADS={uploads}"]
        done = subprocess.run(
            argv,
            cwd=repository,
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return Workflow(done.returncode, done.stdout, uploads)

    return call


def _uses() -> set[str]:
    files = [ROOT / "action.yml", *(ROOT / ".github" / "workflows").glob("*.yml")]
    return set(re.findall(r"uses: (actions/\S+@[0-9a-f]{40})", "".join(each.read_text() for each in files)))


@pytest.fixture
def team(tmp_path):
    """Another repository, whose release needs drill's gate; with a scenario of its own."""
    folder = tmp_path / "team"
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "release.yml").write_text(RELEASE)
    shipped = (ROOT / "scenarios" / "vps-deploy-lock.yaml").read_text()
    text = re.sub("^name: .*", "name: mine", shipped, flags=re.M)
    text = re.sub("^workdir: .*", f"workdir: {ROOT / 'drills' / 'workloads' / 'site'}", text, flags=re.M)
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "mine.yaml").write_text(text)
    subprocess.run(["git", "init", "-q", folder], check=True)
    identity = ("-c", "user.name=team", "-c", "user.email=team@example.org")
    subprocess.run(["git", "-C", folder, *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    return folder


def line_of(file: Path, text: str) -> int:
    return file.read_text().splitlines().index(text) + 1


def test_the_weekly_drill_passes(act):
    done = act(
        ROOT, "drill-weekly.yml", scenarios="vps-deploy-lock", path="prepared", set="\n".join(CHANGES), time_box="8m"
    )
    assert (done.code, done.results) == (0, {"drill": "success"}), done.log
    (summary,) = done.summaries
    assert summary.startswith("# Rollback drill: vps-deploy-lock — PASSED, recovered on attempt 1 in ")
    assert "```mermaid\n" in summary
    ((level, properties, message),) = done.annotations
    scenario = ROOT / "scenarios" / "vps-deploy-lock.yaml"
    assert (level, properties) == (
        "notice",
        {
            "file": "scenarios/vps-deploy-lock.yaml",
            "line": str(line_of(scenario, "  prepared:")),
            "col": "3",
            "title": "vps-deploy-lock, path prepared: passed",
        },
    )
    assert message.startswith("PASSED, recovered on attempt 1 in ")
    assert json.loads((done.run / "run.json").read_text())["scenario_file"] == properties["file"]
    assert (done.run / "report.md").exists()
    assert leftovers(done.run) == []


def test_the_weekly_drill_fails_with_its_findings_beside_the_scenario(act):
    # The naive path, taken for one that is expected to work: what it teaches is now what broke.
    changes = "\n".join([*CHANGES, "paths.naive.first_attempt=clean", "paths.naive.findings=[]"])
    done = act(ROOT, "drill-weekly.yml", scenarios="vps-deploy-lock", path="naive", set=changes, time_box="")
    assert (done.code, done.results) == (1, {"drill": "failure"}), done.log
    (summary,) = done.summaries
    assert summary.startswith("# Rollback drill: vps-deploy-lock — FAILED"), summary
    verdict, *findings = done.annotations
    assert (verdict[0], verdict[1]["title"]) == ("error", "vps-deploy-lock, path naive: failed")
    scenario = ROOT / "scenarios" / "vps-deploy-lock.yaml"
    placed = [(level, each["file"], each["line"], each["title"].split()[0]) for level, each, _ in findings]
    assert ("error", "scenarios/vps-deploy-lock.yaml", str(line_of(scenario, "    rollback:")), "V6") in placed
    assert (done.run / "report.md").exists()  # a red run is the one whose evidence is wanted
    assert leftovers(done.run) == []


def test_a_team_s_release_goes_out_behind_a_green_gate(act, team):
    done = act(team, "release.yml", set="\n".join(CHANGES))
    assert (done.code, done.results) == (0, {"gate": "success", "release": "success"}), done.log
    took = re.search(r"recovered on attempt 1 in ([0-9.]+) s", done.summaries[0])[1]
    released = re.search(r"released after passed, ([0-9.]+) s", done.log)[1]
    assert f"{float(released):.1f}" == took
    assert [each["file"] for _, each, _ in done.annotations] == ["scenarios/mine.yaml"]
    assert leftovers(done.run) == []


def test_a_team_s_release_stays_behind_a_red_gate(act, team):
    done = act(team, "release.yml", set="\n".join([*CHANGES, LATE]))
    assert (done.code, done.results) == (1, {"gate": "failure"}), done.log
    assert "released after" not in done.log
    (verdict, *_) = done.annotations
    assert (verdict[0], verdict[1]["title"]) == ("error", "mine, path prepared: failed")
    assert "limit is 1.0 s" in verdict[2]
    assert leftovers(done.run) == []


@pytest.mark.parametrize(("rto", "code", "results"), [("2m", 0, GREEN), ("1s", 1, RED)], ids=["met", "not met"])
def test_the_policy_of_a_team_rehearses_what_it_misses_and_decides(act, team, rto, code, results):
    policy = f"gate: 1\nrequire:\n  - {{scenario: mine, paths: [prepared], max_age: 1d, rto: {rto}}}\n"
    (team / "drill-gate.yaml").write_text(policy)
    done = act(team, "release.yml", scenarios="", policy="drill-gate.yaml")
    assert (done.code, done.results) == (code, results), done.log
    assert ("1 of 1 requirements are met" in done.log) == (code == 0)
    assert ("the limit is 1.0 s" in done.log) == (code == 1)
    assert leftovers(done.run) == []


def test_text_of_a_drill_is_no_command_for_the_runner(act):
    done = act(ROOT, "drill-weekly.yml", scenarios="::error::x.yaml", set="", time_box="")
    assert (done.code, done.results) == (1, {"drill": "failure"}), done.log
    (ignored,) = (each["raw"] for each in done.lines if each.get("command") == "ignored")
    assert ignored.startswith("::error::x.yaml:1:1: the file: expected a scenario file")
    assert done.annotations == []
    assert set(done.summaries) == {"No drill was started; the log of the job says why.\n"}

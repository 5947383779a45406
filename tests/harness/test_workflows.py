"""The action and the workflows that are shipped, without running them."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / "action.yml"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def tool(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name(name)
    return subprocess.run(
        [program, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def read(file: Path) -> dict:
    return yaml.safe_load(file.read_text())


def steps(file: Path) -> list[dict]:
    content = read(file)
    jobs = content.get("jobs", {}).values()
    return [step for each in (*jobs, content.get("runs", {})) for step in each.get("steps", ())]


def test_there_are_two_workflows():
    assert [each.name for each in WORKFLOWS] == ["drill-gate.yml", "drill-weekly.yml"]


@pytest.mark.parametrize(
    ("schema", "files"), [("vendor.github-workflows", WORKFLOWS), ("vendor.github-actions", [ACTION])]
)
def test_github_s_schema_accepts_them(schema, files):
    done = tool("check-jsonschema", "--builtin-schema", schema, *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_auditor_has_no_finding():
    """Unpinned actions, text of others in scripts, permissions, credentials left in the work tree."""
    done = tool("zizmor", "--offline", "--no-progress", "--strict-collection", ACTION, *WORKFLOWS)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No findings to report" in done.stdout + done.stderr


def test_the_auditor_is_asked_for_what_it_can_find(tmp_path):
    """The same workflow with an input inside of a script is refused: the test above is able to fail."""
    file = tmp_path / "w.yml"
    text = WORKFLOWS[0].read_text()
    file.write_text(text.replace("      - name: Drill\n", "      - run: echo ${{ inputs.set }}\n      - name: Drill\n"))
    assert file.read_text() != text
    done = tool("zizmor", "--offline", "--no-progress", file)
    assert (done.returncode != 0, "template-injection" in done.stdout) == (True, True)


@pytest.mark.parametrize("file", [ACTION, *WORKFLOWS], ids=lambda file: file.name)
def test_no_expression_becomes_part_of_a_script(file):
    assert [step["run"] for step in steps(file) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_a_workflow_asks_for_little_and_ends(file):
    content = read(file)
    assert content["permissions"] == {"contents": "read"}
    assert content["concurrency"]["cancel-in-progress"] is False
    assert all("permissions" not in job and job["timeout-minutes"] <= 90 for job in content["jobs"].values())


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)
def test_started_by_hand_or_called_it_takes_the_same_and_hands_it_to_the_action(file):
    triggers = read(file)[True]  # YAML 1.1: `on` is true
    taken = triggers["workflow_call"]["inputs"]
    assert triggers["workflow_dispatch"]["inputs"] == taken
    handed = steps(file)[-1]["with"]
    assert set(taken) <= set(handed) <= set(read(ACTION)["inputs"])


def test_every_week_it_has_half_an_hour():
    weekly = read(ROOT / ".github" / "workflows" / "drill-weekly.yml")
    assert weekly[True]["schedule"]
    assert weekly["jobs"]["drill"]["steps"][-1]["with"]["time-box"] == (
        "${{ github.event_name == 'schedule' && '30m' || inputs.time-box }}"
    )

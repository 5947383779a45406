"""Each scheduler's own reader accepts what `drill schedule` writes, and reads in it what was asked for."""

import json
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from cronsim import CronSim
from kubernetes.client import ApiClient

from harness.cli.app import main
from harness.errors import UsageProblem
from harness.schedule import Schedule, rendered


def asked(target, **changes):
    values = {
        "target": target,
        "when": "17 3 * * 1",
        "scenarios": ("vps-opcache", "vps-deploy-lock"),
        "time_box": 1800.0,
        "folder": Path("/srv/my drills/100%"),
        "program": Path("/srv/my drills/100%/.venv/bin/drill"),
        "image": "registry.example/drill:1",
        "engine_image": "docker:28-dind",
    }
    return Schedule(**{**values, **changes})


def test_github_takes_the_workflow(tmp_path):
    (text,) = rendered(asked("github")).values()
    file = tmp_path / "drill.yaml"
    file.write_text(text)
    tool = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [tool, "--builtin-schema", "vendor.github-workflows", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workflow = yaml.safe_load(text)
    assert workflow[True]["schedule"] == [{"cron": "17 3 * * 1"}]  # YAML 1.1 reads `on` as true
    steps = workflow["jobs"]["drill"]["steps"]
    assert ".venv/bin/drill run vps-opcache vps-deploy-lock --time-box 30m" in [step.get("run") for step in steps]
    pins = [step["uses"].partition("@")[2] for step in steps if "uses" in step]
    assert pins
    assert all(len(pin) == 40 and int(pin, 16) for pin in pins)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this host")
def test_systemd_takes_the_units(tmp_path):
    drill = Path(sys.executable).with_name("drill")
    for name, text in rendered(asked("systemd", folder=tmp_path, program=drill)).items():
        (tmp_path / name).write_text(text)
    units = [tmp_path / "drill.service", tmp_path / "drill.timer"]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line]) == (0, [])


def test_systemd_reads_its_own_signs_in_a_path_as_text():
    service = rendered(asked("systemd"))["drill.service"]
    assert 'ExecStart="/srv/my drills/100%%/.venv/bin/drill" run vps-opcache vps-deploy-lock --time-box 30m' in service
    assert "WorkingDirectory=/srv/my drills/100%%\n" in service


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this host")
@pytest.mark.parametrize(
    "when", ["17 3 * * 1", "0 4 1,15 * *", "*/20 9-11 * 6-8 *", "30 2 * * 1-5", "5 0 * * 0", "7 * * * *"]
)
def test_systemd_starts_at_the_times_that_cron_would(when):
    timer = rendered(asked("systemd", when=when))["drill.timer"]
    calendar = next(line.partition("=")[2] for line in timer.splitlines() if line.startswith("OnCalendar="))
    since = datetime(2026, 11, 23, tzinfo=UTC)
    said = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=5", f"--base-time={since:%Y-%m-%d %H:%M:%S} UTC", calendar],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    ).stdout
    times = CronSim(when, since)
    for expected in (next(times) for _ in range(5)):
        assert f"{expected:%a %Y-%m-%d %H:%M:%S} UTC" in said


def test_systemd_cannot_say_day_of_month_or_day_of_week():
    with pytest.raises(UsageProblem, match="cannot be said to systemd"):
        rendered(asked("systemd", when="0 3 1 * 1"))


def test_cron_reads_the_time_and_a_shell_the_command():
    line = rendered(asked("cron"))["drill.cron"].splitlines()[-1]
    assert CronSim(" ".join(line.split()[:5]), datetime(2026, 11, 23, tzinfo=UTC)).weekdays == {1}
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")
    assert "%" not in line.replace(r"\%", "")
    _, folder, *rest = shlex.split(command)
    assert folder == "/srv/my drills/100%"
    assert rest[5:11] == [f"{folder}/.venv/bin/drill", "run", "vps-opcache", "vps-deploy-lock", "--time-box", "30m"]


def test_kubernetes_takes_the_cron_job():
    (text,) = rendered(asked("kubernetes")).values()
    wanted = yaml.safe_load(text)
    job = ApiClient().deserialize(
        json.dumps(wanted), "V1CronJob", "application/json"
    )  # raises where a required field is missing
    assert (job.spec.schedule, job.spec.concurrency_policy) == ("17 3 * * 1", "Forbid")
    pod = job.spec.job_template.spec.template.spec
    assert pod.containers[0].command[:2] == ["drill", "run"]
    assert pod.containers[0].command[-4:] == ["--time-box", "30m", "--runs", "/reports"]
    assert ApiClient().sanitize_for_serialization(job) == wanted  # a field that Kubernetes does not know would be gone


def test_a_cron_job_without_an_image_is_refused():
    with pytest.raises(UsageProblem, match="image that has drill in it"):
        rendered(asked("kubernetes", image=""))


@pytest.mark.parametrize("when", ["tomorrow", "61 3 * * 1", "0 17 3 * * 1"])
def test_a_wrong_time_is_said_with_an_example(when):
    with pytest.raises(UsageProblem, match=r"--when: expected five fields of cron such as '17 3 \* \* 1'"):
        rendered(asked("cron", when=when))


def test_the_command_writes_the_files_where_it_is_told(tmp_path):
    done = CliRunner().invoke(main, ["schedule", "--as", "systemd", "--output", str(tmp_path / "units")])
    assert done.exit_code == 0, done.output
    assert sorted(file.name for file in (tmp_path / "units").iterdir()) == ["drill.service", "drill.timer"]


@pytest.mark.parametrize("arguments", [["no-such"], ["--time-box", "soon"], ["--when", "often"]])
def test_a_mistake_on_the_command_line_is_a_usage_error(arguments):
    assert CliRunner().invoke(main, ["schedule", "--as", "cron", *arguments]).exit_code == 3

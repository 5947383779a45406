"""However a run ends, nothing of it stays, and its report can be read."""

import signal
import socket

import psutil
import pytest

from harness.events import StepStarted
from harness.model import Phase
from tests.live.conftest import SHORT

SCENARIO = "ecs-bad-migration"
PHASES = [phase.value for phase in Phase if phase is not Phase.REPORT]


@pytest.mark.parametrize("phase", [phase.value for phase in Phase])
def test_kill_9_leaves_nothing(start, phase):
    drill = start(SCENARIO, *SHORT)
    drill.reach(phase)
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []
    if phase not in (Phase.PREFLIGHT, Phase.TEARDOWN, Phase.REPORT):
        drill.process.stdout.close()
        assert "interrupted" in drill.report.lower()
        assert "the run's process died" in drill.report or phase == Phase.VERDICT


@pytest.mark.parametrize(
    ("scenario", "step"),
    [
        pytest.param("vps-stale-workers", "rollback.sh", id="a script over ssh"),
        pytest.param("data-restore-over-live", "restore over live", id="a restore"),
        pytest.param("state-batch-twice", "monthly batch again", id="a batch that mails and charges"),
        pytest.param("ecs-moved-tag", "rollback.sh", id="images in a registry of the run's own"),
    ],
)
def test_kill_9_in_the_middle_of_a_step_leaves_nothing(start, scenario, step):
    drill = start(scenario, *SHORT)
    drill.until(
        lambda: any(isinstance(each, StepStarted) and each.step == step for each in drill.events()),
        f"step {step}",
        timeout=180,
    )
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []


def test_kill_9_while_hosts_are_made_leaves_nothing(start):
    drill = start("vps-stale-workers", *SHORT)
    drill.until(lambda: any("app1" in each for each in drill.leftovers()), "the first host")
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_tears_down_and_reports(start, phase):
    drill = start(SCENARIO, *SHORT)
    drill.reach(phase)
    drill.send(signal.SIGINT)
    code = drill.end()
    assert drill.leftovers() == []
    if phase in (Phase.VERDICT, Phase.TEARDOWN):
        assert code == 0, drill.output  # the judgement was on its way; only the teardown was hurried
    else:
        assert code == 130, drill.output
        assert drill.record["verdict"] == "interrupted"
        assert "INTERRUPTED" in drill.report.splitlines()[0]


def test_sigterm_is_an_interrupt_too(start):
    drill = start(SCENARIO, *SHORT)
    drill.reach("baseline")
    drill.send(signal.SIGTERM)
    assert drill.end() == 130
    assert drill.leftovers() == []


def test_a_second_ctrl_c_names_what_is_left_to_the_watchdog(start):
    drill = start(SCENARIO, *SHORT)
    drill.reach("detect")
    drill.send(signal.SIGINT)
    drill.reach("teardown")
    drill.send(signal.SIGINT)
    assert drill.end() == 130, drill.output
    assert "left behind: network drill-" in drill.output or "left behind: temporary folder" in drill.output
    assert drill.gone(60) == []


def test_ctrl_c_ends_a_series_too(start):
    drill = start(SCENARIO, SCENARIO, *SHORT)
    drill.reach("provision")
    drill.send(signal.SIGINT)
    assert drill.end() == 130
    assert len(list(drill.runs.glob("*/timeline.jsonl"))) == 1


def test_two_at_once_and_a_killed_neighbour_do_not_disturb_each_other(start):
    killed, living = start(SCENARIO, *SHORT), start(SCENARIO, "--path", "prepared", *SHORT)
    killed.reach("release bad")
    killed.send(signal.SIGKILL)
    killed.process.wait()
    assert living.end() == 0, living.output
    assert killed.gone(60) == []


def test_no_engine_is_said_and_nothing_is_left(start):
    drill = start(SCENARIO, env={"DOCKER_HOST": "unix:///nowhere/docker.sock"})
    assert drill.end() == 4
    assert "no container engine answers" in drill.output and "drill doctor" in drill.output
    assert "Traceback" not in drill.output


def test_a_taken_port_is_said_with_its_number(start):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        drill = start(SCENARIO, "--set", f"stack.services.aws.port={port}")
        assert drill.end() == 4
    assert f"port {port} of 127.0.0.1 is taken" in drill.output
    assert "Traceback" not in drill.output


def test_a_remote_endpoint_is_refused_before_anything_is_touched(start):
    drill = start(
        SCENARIO, "--set", "stack.services.aws={uses: aws, engine: endpoint, endpoint_url: 'https://192.0.2.9'}"
    )
    assert drill.end() == 4
    assert "refusing to touch 192.0.2.9" in drill.output
    assert [each.kind for each in drill.events() if each.kind == "stack.fact"] == []


def test_reap_removes_what_the_watchdog_could_not(start, command):
    drill = start(SCENARIO, *SHORT)
    drill.reach("detect")
    watchdog = next(each for each in psutil.process_iter(["cmdline"]) if _watches(each, drill.folder))
    watchdog.kill()
    drill.send(signal.SIGKILL)
    drill.process.wait()
    assert any(each.startswith("container") for each in drill.leftovers())
    done = command("reap", "--runs", str(drill.runs))
    assert done.returncode == 0, done.stderr
    assert "removed network" in done.stdout
    assert drill.leftovers() == []


def _watches(process, folder):
    # `process_iter(["cmdline"])` gives None for a zombie, of which other tests leave some.
    line = " ".join(process.info["cmdline"] or ())
    return "harness.reap" in line and str(folder) in line

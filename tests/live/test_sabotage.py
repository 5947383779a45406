"""Sabotages on real stacks: what they break is broken, what they leave is nothing, the same seed is the same series."""

import json
import os
import signal
import subprocess

import psutil
import pytest

from harness.events import SabotageEnded, SabotageStarted
from tests.live.conftest import DRILL, ROOT, SHORT, leftovers

ON_HOSTS = ("vps-deploy-lock", "deploy-lock-left", "disk-full")
ON_A_FUNCTION = ("lambda-pruned-version", "aws-credential-expired", "aws-permission-denied", "runner-killed")


def series(runs, scenario, *names, seed="7"):
    """Exit code, sabotage.json and what is left of its runs."""
    only = [word for name in names for word in ("--only", name)]
    argv = [DRILL, "sabotage", scenario, "--path", "prepared", "--seed", seed, *only, *SHORT, "--json"]
    done = subprocess.run(
        [*argv, "--runs", str(runs)], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.stdout, done.stderr
    told = json.loads(done.stdout)
    left = [each for tried in told["tried"] for each in leftovers(runs / tried["run"])]
    return done.returncode, told, left


def came_to(told):
    return {each["sabotage"]: (each["verdict"], each["attempt"]) for each in told["tried"]}


def test_on_hosts_the_careful_rollback_takes_a_lock_apart_and_a_full_disk_is_no_silent_success(tmp_path):
    code, told, left = series(tmp_path, *ON_HOSTS)
    assert came_to(told)["deploy-lock-left"] == ("passed", 1)
    # The lock that is taken apart may free the very block that the rollback then needs.
    recovered = came_to(told)["disk-full"] == ("passed", 1)
    assert recovered or came_to(told)["disk-full"] == ("failed", None)
    assert (code, left) == (0 if recovered else 1, [])
    [full] = [each for each in told["tried"] if each["sabotage"] == "disk-full"]
    assert "did not say so" not in full["why"], "the rollback has to say that it could not write"
    page = next(tmp_path.glob("*-sabotage-*/sabotage.md")).read_text()
    score = "100%: 2 of 2" if recovered else "50%: 1 of 2"
    assert f"resilience score {score} recovered" in page


def test_on_a_function_a_key_is_renewed_a_right_is_not_and_a_dead_runner_is_started_again(tmp_path):
    code, told, left = series(tmp_path, *ON_A_FUNCTION)
    assert came_to(told) == {
        "aws-credential-expired": ("passed", 2),
        "aws-permission-denied": ("failed", None),
        "runner-killed": ("passed", 2),
    }
    found = {each["sabotage"]: " ".join(each["findings"]) for each in told["tried"]}
    assert found["aws-permission-denied"].startswith("M1 the rollback has no right to do lambda:UpdateAlias")
    assert (code, left) == (1, [])
    again = series(tmp_path / "again", *ON_A_FUNCTION)[1]
    assert (again["order"], came_to(again)) == (told["order"], came_to(told))


def test_a_release_workflow_whose_smoke_asks_past_caches_goes_back_by_itself(start):
    drill = start("workflow-vps", "--path", "automatic", "--sabotage", "smoke-cached", *SHORT)
    assert drill.end() == 0, drill.output
    [sabotage] = drill.record["sabotages"]
    assert "/orders/17" in sabotage["what"] and "it answered 0 of the" in sabotage["said"]
    assert drill.record["attempts"][0]["recovered"]


@pytest.mark.parametrize("name", ["concurrent-deploy", "disk-full"])
def test_kill_9_in_a_sabotaged_attempt_leaves_nothing(start, name):
    drill = start("vps-deploy-lock", "--path", "prepared", "--sabotage", name, *SHORT)
    drill.until(lambda: any(isinstance(each, SabotageStarted) for each in drill.events()), "the sabotage")
    assert not any(isinstance(each, SabotageEnded) for each in drill.events())
    running = [each.pid for each in psutil.Process(drill.process.pid).children(recursive=True)]
    os.kill(drill.process.pid, signal.SIGKILL)
    drill.process.wait()
    assert drill.gone(60) == []
    assert not [each for each in running if psutil.pid_exists(each) and psutil.Process(each).status() != "zombie"]

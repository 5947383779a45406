"""`drill gate --run` on a real stack: it rehearses what is missing, and a Ctrl-C leaves nothing behind."""

import json
import os
import signal
import subprocess

import pytest

from tests.live.conftest import DRILL, ROOT, Drill

POLICY = "gate: 1\nrequire: [{scenario: ecs-bad-migration, paths: [prepared], rto: 2m, rpo: 0}]\n"


@pytest.fixture
def gate(tmp_path):
    """Start `drill gate ARGS…` with a policy that asks for one drill."""
    (tmp_path / "gate.yaml").write_text(POLICY)
    started = []

    def call(*args):
        argv = [DRILL, "gate", "--policy", str(tmp_path / "gate.yaml"), "--runs", str(tmp_path / "runs"), *args]
        process = subprocess.Popen(
            argv, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
        started.append(process)
        return process

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_what_is_missing_is_rehearsed_and_a_ctrl_c_goes_to_the_drill(gate, tmp_path):
    first = gate("--run")
    drill = Drill(first, tmp_path / "runs")
    drill.reach("baseline")
    os.kill(first.pid, signal.SIGINT)
    assert drill.end() == 130
    assert drill.gone() == []
    assert drill.record["interrupted_by"] == "Ctrl-C"

    looked = gate("--json")
    (judged,) = json.loads(looked.communicate(timeout=60)[0])
    assert (looked.returncode, judged["state"], judged["unrehearsed"]) == (1, "not met", True)
    assert "came to: interrupted" in judged["reason"]

    second = gate("--run")
    said = second.communicate(timeout=300)[0]
    assert second.returncode == 0, said
    assert "PASSED" in said
    assert said.endswith("1 of 1 requirements are met\n")

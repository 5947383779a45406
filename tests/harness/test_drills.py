"""Drills in processes of their own: what `drill gate --run` starts, and how a signal reaches it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOWHERE = {"DOCKER_HOST": "unix:///nowhere", "DRILL_ENGINE": "external"}
STAND_IN = f"""#!{sys.executable}
import signal, sys
from threading import Event
ended = Event()
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda number, _frame: (print("got", signal.Signals(number).name, flush=True), ended.set()))
print("started", *sys.argv[1:], flush=True)
while not ended.wait(0.05):
    pass
print("torn down", flush=True)
sys.exit(130)
"""
CALLER = """
import sys
from pathlib import Path
from harness.cli.drills import drill_alone
sys.executable = sys.argv[1]
try:
    drill_alone("shop", "prepared", Path("runs"), quiet=False)
except BaseException as stop:
    print(type(stop).__name__, stop)
"""


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_signal_is_passed_on_once_and_the_drill_is_waited_for(tmp_path, number, name):
    drill = tmp_path / "drill"
    drill.write_text(STAND_IN)
    drill.chmod(0o755)
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLER, str(tmp_path / "python")], text=True, stdout=subprocess.PIPE, process_group=0
    )
    assert caller.stdout.readline() == "started run shop --path prepared --runs runs\n"
    os.killpg(caller.pid, number)  # as a terminal sends it: to the whole group, of which the drill is none
    said = caller.communicate(timeout=30)[0].splitlines()
    assert said == [f"got {signal.Signals(number).name}", "torn down", f"Interrupted {name}"]


def test_what_is_missing_is_started_and_what_it_came_to_decides(tmp_path):
    (tmp_path / "gate.yaml").write_text("gate: 1\nrequire: [{scenario: ecs-bad-migration}]\n")
    gate = [str(Path(sys.executable).with_name("drill")), "gate", "--policy", str(tmp_path / "gate.yaml")]
    done = subprocess.run(
        [*gate, "--run", "--runs", str(tmp_path / "runs"), "--json"],
        cwd=ROOT,
        env={**os.environ, **NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    (judged,) = json.loads(done.stdout)
    assert "→ drill run ecs-bad-migration --path prepared" in done.stderr
    assert (done.returncode, judged["state"]) == (1, "not met"), done.stderr
    assert "came to: error" in judged["reason"]

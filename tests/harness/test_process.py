"""Commands: no shell, a scrubbed environment, a timeout that takes the whole process group with it."""

import os
from pathlib import Path

import psutil
import pytest

from harness.errors import EnvironmentProblem
from harness.process import run_command, scrubbed_environment


@pytest.fixture
def start(tmp_path):
    def call(*argv, timeout=20.0, clean=str, env=None):
        return run_command(
            argv,
            env=env or {"PATH": os.environ["PATH"]},
            cwd=tmp_path,
            timeout=timeout,
            log=tmp_path / "log",
            clean=clean,
        )

    return call


def test_output_of_both_streams_and_the_exit_code_are_kept(start, tmp_path):
    result = start("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (result.exit_code, sorted(result.output.split())) == (7, ["err", "out"])
    assert (tmp_path / "log").read_text().split() == result.output.split()


@pytest.mark.parametrize(
    "hostile", ["v1; touch broken", "$(touch broken)", "`touch broken`", "v1\ntouch broken", "a b"]
)
def test_an_argument_never_reaches_a_shell(start, tmp_path, hostile):
    result = start("printf", "%s", hostile)
    assert result.output == hostile.strip()
    assert not (tmp_path / "broken").exists()


def test_the_timeout_ends_children_too(start):
    result = start("sh", "-c", "sleep 1000 & echo $!; wait", timeout=1)
    child = int(result.output.split()[0])
    assert result.exit_code is None
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE
    assert "ended after its timeout of 1 s" in result.output


def test_a_child_that_outlives_its_parent_is_ended(start):
    result = start("sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!")
    child = int(result.output.split()[0])
    assert result.exit_code == 0
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE


def test_a_secret_is_masked_in_the_log_even_when_torn_between_two_writes(start, tmp_path):
    result = start(
        "sh", "-c", "printf hun; sleep 0.2; echo ter2", clean=lambda text: text.replace("hunter2", "[redacted]")
    )
    assert result.output == "[redacted]"
    assert "hunter2" not in (tmp_path / "log").read_text()


def test_a_program_that_is_not_there_says_so(start):
    with pytest.raises(EnvironmentProblem, match="cannot start 'no-such-program'"):
        start("no-such-program")


def test_nothing_of_the_callers_environment_gets_through(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("GITHUB_TOKEN", "ghp_real")
    environment = scrubbed_environment("run-1", Path("/scratch"), {"MINE": "1"})
    assert "AKIA" not in str(environment) and "ghp_real" not in str(environment)
    assert environment["HOME"] == "/scratch" and environment["MINE"] == "1" and environment["DRILL_RUN"] == "run-1"

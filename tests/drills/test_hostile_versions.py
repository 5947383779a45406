"""A version is a name, whatever is in it: on no kind of path does a shell get to read it.

Each script gets names that would leave a file behind if any shell ran a part of them. What the scripts start is real
where it runs here (bash, sed, aws); ssh and kubectl are replaced by programs that write down what they were given.
"""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

import drills
from harness.redact import Redactor
from harness.spi import Bench, Run, Scope
from harness.steps.command import CommandStep
from tests.harness.test_checks import Stack
from tests.harness.test_workflow_step import Bed, jobs

WORKLOADS = Path(drills.__file__).parent / "workloads"
HOSTILE = {
    "semicolon": "v1; touch CANARY",
    "substitution": "$(touch CANARY)",
    "backticks": "`touch CANARY`",
    "newline": "v1\ntouch CANARY",
    "quotes": "v1'; touch CANARY; '\"; touch CANARY; \"",
    "sed": "v1; touch CANARY; |e #",
    "json": '", "command": ["touch", "CANARY"], "x": "',
}
RECORD = """#!{python}
import json, os, sys
text = "" if sys.stdin.isatty() else sys.stdin.read()
with open(os.environ["RECORDED"], "a") as file: file.write(json.dumps([sys.argv, text]) + "\\n")
"""


class Place:
    """A folder with a canary, and programs that write down what they were given."""

    def __init__(self, folder):
        self.folder, self.canary, self.recorded = folder, folder / "canary", folder / "recorded"
        self.bin = folder / "bin"
        self.bin.mkdir()

    def stub(self, *names):
        for name in names:
            (self.bin / name).write_text(RECORD.format(python=sys.executable))
            (self.bin / name).chmod(0o755)

    def env(self, **more):
        path = f"{self.bin}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return {"PATH": path, "HOME": str(self.folder), "RECORDED": str(self.recorded), **more}

    def run(self, *words, **env):
        hostile = [word.replace("CANARY", str(self.canary)) for word in words]
        return subprocess.run(
            hostile,
            cwd=self.folder,
            env=self.env(**env),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def calls(self):
        return [json.loads(line) for line in self.recorded.read_text().splitlines()] if self.recorded.exists() else []


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request):
    return request.param


def test_the_canary_can_die(place):
    place.run("sh", "-c", HOSTILE["semicolon"])
    assert place.canary.exists()


def test_a_command_gets_it_as_one_argument(place, hostile):
    run = Run("r1", place.folder / "run", place.folder, None, None, Redactor(), None, None, None)
    run.folder.mkdir()
    place.stub("deploy.sh")
    bench = Bench(run, Stack(), {}, place.folder, {})
    hostile = hostile.replace("CANARY", str(place.canary))
    step = CommandStep(
        run=["bin/deploy.sh", "--release", "{{ v }}", "--to=x{{ v }}"], env={"RECORDED": str(place.recorded)}
    )
    assert step.execute(bench, Scope({"v": hostile})).ok
    assert place.calls()[0][0][1:] == ["--release", hostile, f"--to=x{hostile}"]
    assert not place.canary.exists()


SITE = WORKLOADS / "site" / "vps"
DATABASE = dict.fromkeys(("DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD"), "x")


@pytest.mark.parametrize("script", ["deploy.sh", "git/deploy.sh", "git/publish.sh", "package.sh", "pipeline.sh"])
def test_ssh_gets_no_line_in_which_it_is_more_than_a_word(place, hostile, script):
    """ssh joins its words, and the shell on the host reads them again: each line is read by a shell here."""
    place.stub("ssh")
    place.run(str(SITE / script), hostile, VPS_HOSTS="app1", **DATABASE)
    for argv, _ in place.calls():
        nothing = place.folder / "nothing"
        for name in ("bash", "cat", "mv", "mkdir", "tar", "sudo", "readlink", "git"):
            nothing.mkdir(exist_ok=True)
            (nothing / name).write_text("#!/bin/sh\n")
            (nothing / name).chmod(0o755)
        (nothing / "touch").unlink(missing_ok=True)
        (nothing / "touch").symlink_to("/usr/bin/touch")
        line = " ".join(argv[2:]).replace("/srv/app", str(place.folder))
        subprocess.run(["/bin/sh", "-c", line], env={"PATH": str(nothing)}, cwd=place.folder, check=False)
    assert not place.canary.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("quotes/kubernetes/deploy.sh", "deployment/quotes", str(WORKLOADS / "quotes/kubernetes/rolling.yaml"), "@"),
        ("quotes/kubernetes/undo-to-good.sh", "deployment/quotes", "@"),
        ("quotes/store/deploy.sh", "@", "quotes-data"),
        ("quotes/helm/deploy.sh", "@", "5s"),
        ("quotes/helm/upgrade.sh", "@", "a b"),
        ("quotes/rules/converter.sh", "@"),
        ("quotes/gitops/commit.sh", str(WORKLOADS / "quotes/kubernetes/rolling.yaml"), "@"),
    ],
    ids=lambda words: words[0],
)
def test_no_script_for_a_cluster_runs_it(place, hostile, words):
    place.stub("kubectl", "helm")
    repository = place.folder / "repository"
    subprocess.run(["git", "init", "-q", "--bare", str(repository)], check=True)
    script, *rest = words
    place.run(
        str(WORKLOADS / script), *(hostile if each == "@" else each for each in rest), GITOPS_REPOSITORY=str(repository)
    )
    assert not place.canary.exists()
    for argv, _ in place.calls():  # helm reads a comma as the next value
        assert not [word for word in argv if word.startswith("image=") and "," in word]


@pytest.fixture
def aws(endpoint, place):
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    more = {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
    return {**dict.fromkeys(names, "drill"), **more}


def client(aws, service):
    return boto3.client(
        service,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        region_name="eu-central-1",
        aws_access_key_id="drill",
        aws_secret_access_key="drill",
    )


def test_an_ecs_service_is_never_put_on_it_and_a_label_is_all_that_it_becomes(place, aws, hostile):
    names = ("ECS_EXECUTION_ROLE_ARN", "ECS_SUBNET", "ECS_TARGET_GROUP_ARN", "DB_HOST", "DB_SECRET_ARN")
    env = {**aws, **dict.fromkeys(names, "x")}
    place.run(str(WORKLOADS / "shop/ecs/deploy.py"), "--release", hostile, "--image", hostile, "--timeout", "1", **env)
    ecs = client(aws, "ecs")
    arn = ecs.list_task_definitions(familyPrefix="shop", sort="DESC")["taskDefinitionArns"][0]
    (container,) = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]["containerDefinitions"]
    expected = hostile.replace("CANARY", str(place.canary))
    assert (container["dockerLabels"]["shop.release"], container["image"]) == (expected, expected)
    assert "command" not in container
    ecs.deregister_task_definition(taskDefinition=arn)
    done = place.run(str(WORKLOADS / "shop/ecs/roll-to.py"), hostile, **env)
    assert (done.returncode, "nothing is changed" in done.stderr) == (1, True), done.stderr
    assert not place.canary.exists()


def test_no_lambda_function_is_made_of_it(place, aws, hostile):
    env = {
        **aws,
        "LAMBDA_FUNCTION": "f",
        "LAMBDA_ALIAS": "live",
        "LAMBDA_ROLE_ARN": "x",
        "LAMBDA_TARGET_GROUP_ARN": "x",
    }
    done = place.run(str(WORKLOADS / "prices/lambda/deploy.py"), "--release", hostile, **env)
    assert (done.returncode, "there is no release" in done.stderr) == (1, True), done.stderr
    done = place.run(str(WORKLOADS / "prices/lambda/rollback.sh"), hostile, **env)
    assert done.returncode != 0
    assert client(aws, "lambda").list_functions()["Functions"] == []
    assert not place.canary.exists()


def test_a_workflow_that_writes_an_input_into_a_script_is_broken_by_it(tmp_path):
    """What the shipped workflows avoid, and the auditor refuses; that theirs do is in test_rollback_workflows.py."""
    bed = Bed(tmp_path)
    unsafe = jobs('run: echo "${{ inputs.version }}"').replace(
        "workflow_dispatch", "{workflow_dispatch: {inputs: {version: {}}}}"
    )
    bed.run(unsafe, inputs={"version": f"$(touch {shlex.quote(str(bed.state))})"})
    assert bed.state.exists()
    bed.state.unlink()
    by_variable = "    env: {V: '${{ inputs.version }}'}\n    steps"
    safe = unsafe.replace('"${{ inputs.version }}"', '"$V"').replace("    steps", by_variable)
    for hostile in HOSTILE.values():
        assert bed.run(safe, inputs={"version": hostile.replace("CANARY", str(bed.state))}).ok
    assert not bed.state.exists()

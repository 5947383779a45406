"""A run that ended, a key pair by `openssl`, and the commands as a user types them."""

import subprocess

import pytest
from click.testing import CliRunner

from harness.cli.app import main
from harness.events import ReleaseResolved, VerdictReached
from harness.model import Verdict
from harness.report import write_report
from tests.harness.runs import Drill

RUN = "2026-11-22T21-04-11Z-7f3a"
IMAGE = "a" * 64
EXTRA = (
    (0.3, ReleaseResolved(role="good", release="v1", version="v1", image="shop:v1", digest=f"sha256:{IMAGE}")),
    (0.3, ReleaseResolved(role="bad", release="v2", version="v2", image="registry/shop:v2")),
    (54.05, VerdictReached(verdict=Verdict.PASSED, reasons=("recovered",))),
)


@pytest.fixture
def folder(tmp_path):
    folder = Drill(extra=EXTRA).write(tmp_path / "runs" / RUN)
    write_report(folder)
    return folder


def openssl(*words):
    return subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True).stdout


KINDS = {"ed25519": ["-algorithm", "ed25519"], "ecdsa": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}


@pytest.fixture(params=KINDS)
def any_key(request, tmp_path):
    return made(tmp_path / request.param, KINDS[request.param])


@pytest.fixture
def key(tmp_path):
    return made(tmp_path / "key", KINDS["ed25519"])


@pytest.fixture
def other_key(tmp_path):
    return made(tmp_path / "other", KINDS["ed25519"])


def made(file, kind):
    openssl("genpkey", *kind, "-out", file)
    file.chmod(0o600)
    openssl("pkey", "-in", file, "-pubout", "-out", f"{file}.pub")
    return file


@pytest.fixture
def drill(folder):
    """`drill COMMAND last …` on the run; answers exit code and text."""

    def call(command, *words):
        return run(command, "last", *words, "--runs", folder.parent)

    return call


def run(*words):
    done = CliRunner().invoke(main, list(map(str, words)))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.return_value or done.exit_code, done.output


@pytest.fixture
def signed(drill, key, folder):
    assert drill("sign", "--key", key)[0] == 0
    return folder

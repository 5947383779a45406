"""ministack by itself, without containers: for the bench and for tests of the tap."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from drills.aws import FAKE_CREDENTIALS, REGION


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def ministack(folder: Path) -> Iterator[str]:
    """Its URL while the block runs; files go into ``folder``."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_REGION": REGION,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "S3_DATA_DIR": str(folder / "s3"),
        "STATE_DIR": str(folder / "state"),
        "DOCKER_HOST": "unix:///nowhere/docker.sock",
        **FAKE_CREDENTIALS,
    }
    with (folder / "ministack.log").open("wb") as log:
        program = Path(sys.executable).with_name("ministack")
        process = subprocess.Popen([program], env=env, stdout=log, stderr=log, cwd=folder)
    try:
        url = f"http://127.0.0.1:{port}"
        _answers(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            requests.get(f"{url}/_ministack/health", timeout=1)
            return
        except requests.RequestException:
            if process.poll() is not None:
                raise
            time.sleep(0.05)
    raise TimeoutError(f"{url} does not answer")

"""What containers said, from real containers."""

import uuid
from pathlib import Path

import docker
import pytest

from drills.container_logs import last_words
from harness.images import Images

pytestmark = pytest.mark.live

DRILLS = Path(__file__).parents[2] / "drills"


@pytest.fixture
def client():
    return docker.from_env()


@pytest.fixture
def said(client):
    """Runs a shell command as a container of the family ``shop`` with a label of its own; returns the network."""
    network = client.networks.create(f"logs-test-{uuid.uuid4().hex[:8]}", internal=True)
    image = Images(lambda: client, [DRILLS / "images"], print).resolve("debian").tag
    started = []

    def call(own, script):
        labels = {"task": own, "family": "shop"}
        started.append(
            client.containers.run(image, ["sh", "-c", script], detach=True, network=network.id, labels=labels)
        )
        if "sleep" not in script:
            started[-1].wait()
        return network.name

    yield call
    for container in started:
        container.remove(force=True, v=True)
    network.remove()


def test_the_last_line_that_says_something_is_a_containers_last_word(client, said):
    network = said("a", "echo starting; echo 'the file is missing'; echo; exit 1")
    assert last_words(client, network, "task=a", "family=shop") == "the file is missing"


def test_what_a_structured_line_calls_its_error_is_taken_from_it(client, said):
    network = said("a", """echo '{"level": "fatal", "error": "no such column"}'""")
    assert last_words(client, network, "task=a", "family=shop") == "log: no such column"


def test_an_ended_predecessor_speaks_for_a_container_that_has_only_been_started(client, said):
    said("a", "echo 'the oldest reason'")
    said("b", "echo 'the newest reason'")
    network = said("c", "sleep 60")
    assert last_words(client, network, "task=c", "family=shop") == "the newest reason"


def test_who_said_nothing_has_no_last_words(client, said):
    network = said("a", "sleep 60")
    assert last_words(client, network, "task=a", "family=shop") == ""

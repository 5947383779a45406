import pytest

from tests import receivers


@pytest.fixture
def webhook():
    with receivers.webhook() as keeper:
        yield keeper


@pytest.fixture
def mailbox():
    with receivers.mailbox() as box:
        yield box

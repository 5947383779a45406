"""Services start in the order of their needs, and find there what they stand on."""

import pytest

from harness.errors import UsageProblem
from harness.runner.phases import _ordered
from harness.spi import ServiceConfig


class Part(ServiceConfig):
    uses: str = "part"
    needs_first: tuple[str, ...] = ()

    def after(self):
        return self.needs_first

    def start(self, name, run):
        return [run.services[each] for each in self.needs_first], name


class Started:
    def __init__(self):
        self.services = {}


def test_a_service_finds_what_it_named_however_the_file_orders_them():
    run = Started()
    parts = {"front": Part(needs_first=("host",)), "other": Part(), "host": Part(needs_first=("other",))}
    for name, config in _ordered(parts):
        run.services[name] = config.start(name, run)
    assert list(run.services) == ["other", "host", "front"]
    assert run.services["front"] == ([run.services["host"]], "front")


def test_services_that_wait_for_each_other_are_refused():
    with pytest.raises(UsageProblem, match="host, front wait for each other"):
        list(_ordered({"host": Part(needs_first=("front",)), "front": Part(needs_first=("host",))}))

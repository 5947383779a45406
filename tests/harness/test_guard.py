"""The guard: loopback yes, everything else only when it is named twice."""

import pytest

from harness.errors import GuardRefusal
from harness.guard import require_allowed


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:4566", "http://localhost:4566/x", "http://[::1]:80", "127.0.0.5:1"]
)
def test_loopback_is_always_allowed(endpoint):
    require_allowed(endpoint, allow=[], confirmed=[])


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://192.0.2.7",
        "https://ecs.eu-central-1.amazonaws.invalid",
        "http://127.0.0.1@192.0.2.7/",
        "http://0.0.0.0:1",
        "http://localhost.invalid",
        "http://",
        "not a url at all",
        "http://127.0.0.1:99999",
    ],
)
def test_everything_else_is_refused(endpoint):
    with pytest.raises(GuardRefusal, match="refusing to touch"):
        require_allowed(endpoint, allow=[], confirmed=[])


@pytest.mark.parametrize(
    ("allow", "confirmed", "missing"),
    [
        (["staging.invalid"], [], "--allow-remote staging.invalid"),
        ([], ["staging.invalid"], "allow: \\[staging.invalid\\]"),
        (["other.invalid"], ["other.invalid"], "does not name it"),
    ],
)
def test_one_name_is_not_enough(allow, confirmed, missing):
    with pytest.raises(GuardRefusal, match=missing):
        require_allowed("https://staging.invalid:443/x", allow=allow, confirmed=confirmed)


def test_named_by_the_scenario_and_by_the_user_it_is_allowed():
    require_allowed("https://staging.invalid/x", allow=["staging.invalid"], confirmed=["staging.invalid"])

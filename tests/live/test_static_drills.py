"""Static hosts: whole drills on a machine without a container engine, and without Node.js."""

import pytest

from tests.live.conftest import SHORT

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


def test_a_rollback_that_hides_the_next_fix_is_found_without_an_engine(start):
    drill = start("vercel-pinned", *SHORT, env=NO_ENGINE)
    assert drill.end() == 0, drill.output
    [finding] = drill.record["findings"]
    assert (finding["mode"], finding["attempt"]) == ("S4", 1)
    calls = [call for step in drill.record["steps"] for call in step["calls"]]
    assert any("rule vercel-pinned-after-rollback" in call["by"] for call in calls)
    stack = [fact for fact in drill.record["facts"] if fact["name"] == "static host"]
    assert [fact["simulated"] for fact in stack] == [True]


def test_a_push_that_overwrites_the_restored_deploy_is_found_without_an_engine(start):
    drill = start("netlify-overwritten", *SHORT, env=NO_ENGINE)
    assert drill.end() == 0, drill.output
    assert [each["mode"] for each in drill.record["findings"]] == ["M8"]
    calls = [call for step in drill.record["steps"] for call in step["calls"]]
    assert any("rule netlify-next-deploy-publishes" in call["by"] for call in calls)


def test_a_run_that_is_green_over_a_stale_site_is_found_with_nothing_but_git_and_node(start):
    drill = start("ghpages-green-stale", *SHORT, env=NO_ENGINE)
    assert drill.end() == 0, drill.output
    first, second = drill.record["attempts"]
    assert all(step["ok"] for step in first["steps"])
    assert [each["mode"] for each in drill.record["findings"]] == ["S7"]
    newest = [row for row in first["residue"] if row["key"] == "newest build"]
    assert [(row["before"], row["after"]) for row in newest] == [("built", "errored")]
    assert not [row for row in second["residue"] if row["key"] == "newest build"]


@pytest.mark.parametrize("scenario", ["vercel-pinned", "netlify-overwritten", "pages-preview-target"])
def test_without_node_the_drill_says_so_before_it_starts_anything(start, tmp_path, scenario):
    for program in ("git", "bash", "sh", "env"):
        (tmp_path / program).symlink_to(f"/usr/bin/{program}")
    drill = start(scenario, env={**NO_ENGINE, "PATH": str(tmp_path)})
    assert drill.end() == 4, drill.output
    assert "the program 'node' is not on PATH" in drill.output
    assert "install Node.js 20 or newer" in drill.output
    assert "Traceback" not in drill.output

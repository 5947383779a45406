"""The commands that look and tend, as a user types them."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests.live.conftest import ROOT, SHORT

BROKEN = sorted((ROOT / "tests" / "harness" / "scenario" / "broken").glob("*.yaml"))


def test_plan_lists_every_step_with_its_limit_and_starts_nothing(command):
    done = command("plan", "ecs-bad-migration", env={"DOCKER_HOST": "unix:///nowhere"})  # it could not if it tried
    assert done.returncode == 0, done.stderr
    for said in (
        "migrate: ecs/migrate.py --release v1",
        "--revision 0004_rename  [1 min]",
        "rollback.sh: ecs/rollback.sh  [1 min]",
        "the fault must fire: 5% of requests fail  [20.0 s]",
        "attempt 2",
        "budgets: RTO 5 min, RPO 0 writes, detect 1 min",
        "nothing was started",
    ):
        assert said in done.stdout


def test_plan_for_machines_has_the_same_phases(command):
    plan = json.loads(command("plan", "ecs-bad-migration", "--path", "prepared", "--json").stdout)
    assert [each["name"] for each in plan["phases"]][-5:] == ["attempt 1", "verify 1", "verdict", "teardown", "report"]


def test_list_names_paths_and_modes(command):
    rows = json.loads(command("list", "--json").stdout)
    named = {(row["scenario"], row["path"]): row["teaches"] for row in rows}
    assert named["ecs-bad-migration", "naive"] == ["D3"]
    assert "prepared" in command("list").stdout


def test_validate_accepts_what_is_shipped(command):
    done = command("validate")
    assert (done.returncode, "ecs-bad-migration.yaml: valid" in done.stdout) == (0, True)


def test_there_are_at_least_twenty_broken_scenarios():
    assert len(BROKEN) >= 20


def test_validate_places_every_complaint(command):
    done = command("validate", *map(str, BROKEN))
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    silent = [
        file.name
        for file in BROKEN
        if not re.search(rf"^{re.escape(str(file))}:\d+:\d+: .*expected ", done.stderr, re.M)
    ]
    assert silent == []


def test_validate_for_machines(command):
    found = json.loads(command("validate", str(BROKEN[0]), "--json").stdout)
    assert all(each["line"] >= 1 and each["expected"] for each in found)


def test_the_shipped_schema_is_the_generated_one(command):
    shipped = (ROOT / "scenarios" / "scenario.schema.json").read_text()
    assert command("schema").stdout == shipped, "regenerate it: drill schema > scenarios/scenario.schema.json"


def test_a_signed_run_can_be_rendered_again_and_edits_are_named(start, command, tmp_path):
    key = tmp_path / "key"
    assert command("sign", "--new-key", str(key)).returncode == 0
    drill = start("ecs-bad-migration", *SHORT, "--without", "fault", "--json", "--sign", str(key))
    assert drill.end() == 2
    assert json.loads(drill.output)["verdict"] == "inconclusive"
    first = drill.report
    (drill.folder / "report.md").unlink()
    done = command("report", "last", "--runs", str(drill.runs))
    assert done.returncode == 0
    assert done.stdout == first + "\n"
    assert len(drill.record["scenario_digest"]) == 64
    assert [each["digest"][:7] for each in drill.record["releases"]] == ["sha256:", "sha256:"]
    verify = ("verify", "last", "--runs", str(drill.runs), "--key", f"{key}.pub")
    assert command(*verify).returncode == 0
    (drill.folder / "report.md").write_text(first.replace("INCONCLUSIVE", "PASSED"))
    edited = command(*verify)
    assert (edited.returncode, "report.md: changed" in edited.stdout) == (1, True)


def test_a_report_of_no_run_or_of_a_living_one_is_refused(start, command, tmp_path):
    none = command("report", "last", "--runs", str(tmp_path))
    assert (none.returncode, "0 runs" in none.stderr) == (3, True)
    drill = start("ecs-bad-migration", *SHORT)
    drill.reach("provision")
    living = command("report", "last", "--runs", str(drill.runs))
    assert (living.returncode, "still going on" in living.stderr) == (3, True)


def test_reap_of_nothing_says_so(command, tmp_path):
    # Without an engine: what other people's dead runs left on this host is none of this test's business.
    done = command("reap", "--runs", str(tmp_path), env={"DOCKER_HOST": "unix:///nowhere"})
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "nothing to remove")


def test_doctor_says_what_is_there_and_what_is_not(command):
    good = command("doctor", "--json")
    assert (good.returncode, json.loads(good.stdout)["engine"]["ok"]) == (0, True)
    bad = command("doctor", env={"DOCKER_HOST": "unix:///nowhere"})
    assert (bad.returncode, "drill doctor --fix" in bad.stdout) == (4, True)


def test_doctor_asks_for_an_engine_only_where_the_drill_needs_one(command):
    none = {"DOCKER_HOST": "unix:///nowhere", "DRILL_ENGINE": "external"}
    assert command("doctor", "--fix", "--quiet", "vercel-pinned", env=none).returncode == 0
    assert command("doctor", "--fix", "--quiet", "vps-opcache", env=none).returncode == 4
    unknown = command("doctor", "vercel-pined", env=none)
    assert (unknown.returncode, "did you mean 'vercel-pinned'?" in unknown.stderr) == (3, True)


def test_doctor_leaves_an_external_engine_alone(command):
    done = command("doctor", "--fix", env={"DOCKER_HOST": "unix:///nowhere", "DRILL_ENGINE": "external"})
    assert done.returncode == 4
    assert "DRILL_ENGINE" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "ecs-bad-migratoin"), "did you mean 'ecs-bad-migration'"),
        (("run", "ecs-bad-migration", "--path", "prepard"), "paths: naive, prepared"),
        (("run", "ecs-bad-migration", "--set", "budgets.rot=1s"), "did you mean 'rto'"),
        (("run", "ecs-bad-migration", "--set", "budgets.rto"), "KEY=VALUE"),
        (("run", "ecs-bad-migration", "--path", "prepared", "--without", "remedies"), "remedies"),
        (("run", "nowhere/x.yaml"), "nowhere/x.yaml"),
        (("run",), "no scenario named"),
        (("dril",), "No such command"),
        (("report", "1999"), "begin with '1999'"),
        (("library", "-k", "nothing-like-it"), "no scenario contains"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_mistakes_of_the_user_get_a_sentence_and_exit_code_3(command, arguments, said):
    done = command(*arguments)
    assert done.returncode == 3, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_scenario_of_ones_own_is_found_by_its_path(command, tmp_path):
    text = (ROOT / "scenarios" / "ecs-bad-migration.yaml").read_text()
    own = yaml.safe_load(text) | {"name": "mine", "workdir": str(ROOT / "drills" / "workloads" / "shop")}
    file = Path(shutil.copy(ROOT / "scenarios" / "ecs-bad-migration.yaml", tmp_path / "mine.yaml"))
    file.write_text(yaml.safe_dump(own))
    done = command("plan", str(file))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mine, path naive")

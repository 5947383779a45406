"""The team's own workflow files by act, offline, against a real stack: servers and ECS, by hand and by themselves."""

from tests.live.conftest import SHORT

STEPS = ["Check out", "Choose the release", "Mark the live release as BAD", "Deploy", "Record", "Smoke", "Notify"]


def parts(record, of):
    """Names of the workflow's steps in the order in which they ended, and whether each was fine."""
    return [(each["step"], each["ok"]) for each in record["steps"] if each["part_of"] == of]


def test_the_defects_of_a_tutorial_are_found_in_order_and_the_look_before_tells_the_first(start):
    drill = start("workflow-tutorial-defects", *SHORT)
    assert drill.end() == 0, drill.output
    found = [(each["attempt"], each["mode"]) for each in drill.record["findings"]]
    assert found == [(1, "M9"), (2, "M10")]
    for told in (
        "check-jsonschema refuses 1-as-copied.yml",
        "check-jsonschema takes 2-quoted.yml",
        "Of what broke, it told M9; it could not tell M10.",
        "check the file against the schema on every push",
        "actions/checkout as the first step of every job",
    ):
        assert told in drill.report, told


def test_a_release_on_servers_whose_smoke_is_red_goes_back_by_itself(start):
    drill = start("workflow-vps", "--path", "automatic", *SHORT)
    assert drill.end() == 0, drill.output
    done = parts(drill.record, "release")
    assert [(name, ok) for name, ok in done if name.startswith("smoke")] == [("smoke / Smoke", False)]
    assert [(name.rpartition(" / ")[2], ok) for name, ok in done if "rollback" in name] == [
        (name, True) for name in STEPS
    ]
    assert "rollback / Smoke" in drill.report


def test_a_rollback_on_ecs_is_chosen_from_the_ledger(start):
    drill = start("workflow-ecs", *SHORT)
    assert drill.end() == 0, drill.output
    assert parts(drill.record, "rollback") == [(f"rollback / {name}", True) for name in STEPS]
    row = {each["key"]: each["after"] for each in drill.record["residue"] if each["layer"] == "release ledger"}
    assert row["deploy 5"] == "v1 by kim"


def test_a_version_that_is_not_on_record_deploys_nothing(start):
    change = ("--set", "paths.chosen.rollback.steps[0].inputs.version=v9; touch /tmp/canary")
    drill = start("workflow-vps", "--path", "chosen", *SHORT, *change)
    assert drill.end() == 1, drill.output
    done = dict(parts(drill.record, "rollback"))
    assert done["rollback / Choose the release"] is False
    assert not {"rollback / Deploy", "rollback / Mark the live release as BAD"} & set(done)
    assert "is not among the last" in drill.report

"""metrics.prom: read back by the parser of the Prometheus client."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.events import VerdictReached
from harness.model import Verdict
from harness.report import write_report
from tests.harness.runs import Drill


@pytest.fixture
def samples(tmp_path):
    def call(drill, verdict):
        drill.extra = ((54.05, VerdictReached(verdict=verdict, reasons=("because",))),)
        folder = drill.write(tmp_path / "runs" / "r")
        write_report(folder)
        families = text_string_to_metric_families((folder / "metrics.prom").read_text())
        found = [sample for family in families for sample in family.samples]
        assert all((each.labels["scenario"], each.labels["path"]) == ("ecs-bad-migration", "naive") for each in found)
        return {(each.name, each.labels.get("drill_verdict", "")): each.value for each in found}

    return call


def test_every_figure_is_there(samples):
    found = samples(Drill(), Verdict.PASSED)
    assert found["drill_recovery_time_seconds", ""] == pytest.approx(22.0)
    assert found["drill_detect_time_seconds", ""] == pytest.approx(3.1)
    assert found["drill_requests_failed_ratio", ""] == pytest.approx(440 / 700, rel=0.01)
    assert found["drill_recovery_time_objective_seconds", ""] == 300
    assert found["drill_last_run_timestamp_seconds", ""] == 1795381451
    assert (found["drill_writes_lost", ""], found["drill_first_attempt_clean", ""]) == (0, 0)
    states = {state: value for (name, state), value in found.items() if name == "drill_verdict"}
    assert states == {str(each): float(each == Verdict.PASSED) for each in Verdict}


def test_what_was_not_measured_has_no_sample(samples):
    found = samples(Drill(fired=False, bad=(99, 99), lost=None), Verdict.INCONCLUSIVE)
    assert found["drill_verdict", "inconclusive"] == 1
    assert found["drill_verdict", "passed"] == 0
    absent = {f"drill_{each}" for each in ("recovery_time_seconds", "writes_lost", "first_attempt_clean")}
    assert not absent & {name for name, _ in found}

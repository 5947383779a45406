"""The workload `site` and what platform vps makes of a difference."""

import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

import drills
from drills.vps import RunningVps
from harness.catalogue import classify, read_catalogue
from harness.model import CheckResult, Outcome, ResidueClass, ResidueRow

DRILLS = Path(drills.__file__).parent
SITE = DRILLS / "workloads" / "site"
CATALOGUE = read_catalogue([drills.FAILURE_MODES])


def package(release):
    return subprocess.run([SITE / "vps" / "package.sh", release], capture_output=True, check=True).stdout


def names(release):
    with tarfile.open(fileobj=BytesIO(package(release))) as tar:
        return {entry.name for entry in tar if entry.isfile()}


def test_hosts_have_the_wheels_that_releases_require():
    host, release = DRILLS / "images" / "vps" / "requirements.txt", SITE / "app" / "requirements.txt"
    assert host.read_text() == release.read_text()


def test_a_release_is_the_same_bytes_each_time_and_differs_from_the_others():
    assert package("v1") == package("v1") != package("v2")


def test_a_release_lacks_what_it_removed():
    assert "./compile_assets.py" in names("v1") and "./compile_assets.py" not in names("v0")
    assert {"./assets/cart.js"} == {name for name in names("v2-assets") if "cart" in name or "checkout" in name}
    assert not {name for release in ("v0", "v1", "v2-assets") for name in names(release) if "REMOVED" in name}


def test_an_unknown_release_is_refused():
    done = subprocess.run([SITE / "vps" / "package.sh", "v9"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "no release v9\n")


@pytest.mark.parametrize(
    ("layer", "before", "after", "said"),
    [
        ("releases", "", "abc", "harmless"),
        ("releases", "abc", "", "breaks the old release"),
        ("releases", "abc", "def", "breaks the old release"),
        ("shared files", "", "abc", "harmless"),
        ("shared files", "abc", "def", "breaks the old release"),
        ("processes", "", "in v2", "breaks the old release"),
        ("lock", "", "deploy.sh on ci pid 7", "breaks the old release"),
        ("record", "live v1", "live v2", "harmless"),
        ("units", "enabled, active", "enabled, failed", "breaks the old release"),
        ("schema", "a", "b", None),
    ],
)
def test_a_difference_on_a_host(layer, before, after, said):
    opinion = RunningVps.classify(None, layer, "app1 x", before, after)
    assert (opinion and opinion.value) == said


def row(layer, key):
    return ResidueRow(layer=layer, key=key, before="absent", after="x", residue_class=ResidueClass.BREAKS_OLD_RELEASE)


@pytest.mark.parametrize(
    ("check", "evidence", "residue", "mode"),
    [
        ("read", "GET /orders/18 → 500", row("processes", "app1 workers outside of current"), "V1"),
        ("read", "GET /orders/18 → 500", row("processes", "app1 cached src/pricing.php"), "V2"),
        ("open", "AssetNotPresent: 'a.js' is not present in the asset manifest", row("shared files", "manifest"), "V3"),
        ("step x", "ls: cannot access 'r/b/manifest.json': No such file or directory", row("link", "current"), "V4"),
        ("read", "GET /orders/17 → 502", row("releases", "app1 v1"), "V5"),
        ("step x", "app1: deploy locked by deploy.sh on ci", row("lock", "app1 deploy.lock"), "V6"),
        (
            "step x",
            "error: Your local changes to the following files would be overwritten by checkout:",
            row("working tree", "app1 pricing.py"),
            "V7",
        ),
    ],
)
def test_modes_of_hosts_are_told_by_evidence_and_residue_together(check, evidence, residue, mode):
    result = CheckResult(name=check, outcome=Outcome.FAIL, evidence=(evidence,))
    found = classify(CATALOGUE, result, [residue])
    assert found and found.id == mode
    assert classify(CATALOGUE, result, []) is None or mode == "V4"

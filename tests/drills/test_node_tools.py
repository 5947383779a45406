"""npm packages are installed once, whole or not at all. npm itself is a stand-in here; live tests use the real one."""

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from drills.node_tools import node_folder
from harness.errors import EnvironmentProblem

NPM = """#!/bin/sh
echo "$@" >> "$CALLS"
mkdir -p node_modules/.bin && cp package-lock.json node_modules/
echo "npm error code E404"
exit {code}
"""


@pytest.fixture
def packages(tmp_path):
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "package.json").write_text('{"name": "client"}')
    lock = folder / "package-lock.json"
    lock.write_text('{"lockfileVersion": 3}')
    return lock


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """Puts a stand-in of npm on PATH; gives the arguments of its calls."""
    calls, programs = tmp_path / "calls", tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setenv("CALLS", str(calls))

    def answers(code=0):
        (programs / "npm").write_text(NPM.format(code=code))
        (programs / "npm").chmod(0o755)
        (programs / "node").write_text("")
        (programs / "node").chmod(0o755)
        return lambda: calls.read_text().splitlines() if calls.exists() else []

    return answers


def test_packages_are_installed_once_however_many_ask(packages, npm):
    calls = npm()
    with ThreadPoolExecutor(4) as pool:
        folders = set(pool.map(node_folder, [packages] * 4))
    (folder,) = folders
    assert (folder / "node_modules" / "package-lock.json").read_text() == packages.read_text()
    assert len(calls()) == 1
    assert "--ignore-scripts" in calls()[0]


def test_another_lock_file_is_another_folder(packages, npm):
    npm()
    first = node_folder(packages)
    packages.write_text('{"lockfileVersion": 3, "packages": {}}')
    second = node_folder(packages)
    assert first != second
    assert (second / "node_modules" / "package-lock.json").read_text() == packages.read_text()


def test_what_npm_could_not_install_is_no_folder(packages, npm, tmp_path):
    npm(code=1)
    with pytest.raises(EnvironmentProblem, match=r"exit code 1\nnpm error code E404") as raised:
        node_folder(packages)
    assert "log" in raised.value.next_step
    assert [each for each in (tmp_path / "cache" / "drill" / "node").iterdir() if each.is_dir()] == []
    npm(code=0)
    assert (node_folder(packages) / "node_modules").is_dir()


def test_what_a_killed_process_left_is_removed(packages, npm):
    npm()
    folder = node_folder(packages)
    torn = folder.rename(folder.with_name(f"{folder.name}-torn"))
    assert node_folder(packages) == folder
    assert not torn.exists()


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_missing_programs_are_named_with_what_to_do(packages, npm, tmp_path, monkeypatch, missing):
    npm()
    (tmp_path / "bin" / missing).unlink()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(EnvironmentProblem, match=f"'{missing}' is not on PATH") as raised:
        node_folder(packages)
    assert "install Node.js 20 or newer with npm" in raised.value.next_step

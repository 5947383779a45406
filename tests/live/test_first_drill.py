"""docs/first-drill.md, followed word for word in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import yaml

from tests.live.conftest import DRILL, ROOT, leftovers

PAGE = ROOT / "docs" / "first-drill.md"
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FILE = re.compile(r"`([\w./-]+)`:\s*$")
BECOMES = re.compile(r"In `([\w./-]+)`, `(\w+)` becomes:\s*$")


def replaced(text: str, key: str, block: str) -> str:
    """A scenario with one of its top-level blocks replaced."""
    found = re.search(rf"(?m)^{key}:\n(?:[ -].*\n|\n)*", text)
    assert found, key
    return text[: found.start()] + block + "\n" + text[found.end() :]


def follow(folder: Path) -> list[tuple[str, str]]:
    """Do what the page says; the commands and what they printed."""
    page, said = PAGE.read_text(), []
    env = {**os.environ, "PATH": f"{Path(DRILL).parent}{os.pathsep}{os.environ['PATH']}"}
    for block in BLOCK.finditer(page):
        before = page[: block.start()].rstrip()
        if edit := BECOMES.search(before):
            file = folder / edit[1]
            file.write_text(replaced(file.read_text(), edit[2], block[2]))
        elif named := FILE.search(before):
            file = folder / named[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block[2])
        elif block[1] == "console":
            for line in block[2].splitlines():
                command = line.removeprefix("$ ")
                done = subprocess.run(
                    ["bash", "-c", command],
                    cwd=folder,
                    env=env,
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )
                assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
                said.append((command, done.stdout))
        else:
            raise AssertionError(f"a block that the page says nothing about: {block[0]}")
    return said


def test_the_page_leads_from_an_empty_folder_to_a_passing_drill(tmp_path):
    said = dict(follow(tmp_path))
    assert (
        "compose.yaml (service web on port 8000 of web)"
        in said["drill init --yes --name shop-rollback --traffic paths.txt"]
    )
    assert "nothing was started" in said["drill plan shop-rollback"]
    assert "PASSED" in said["drill run shop-rollback"]
    assert "Attempt 1 (rollback) recovered the users" in said["drill run shop-rollback"]
    runs = sorted((tmp_path / "reports").glob("*/timeline.jsonl"))
    assert len(runs) == 3
    assert [left for run in runs for left in leftovers(run.parent)] == []
    written = yaml.safe_load((tmp_path / "scenarios" / "shop-rollback.yaml").read_text())
    assert [each["get"] for each in written["traffic"]["requests"]] == ["/orders/1", "/orders/2", "/orders/3"]

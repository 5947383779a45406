"""What a person sees on a terminal while a drill runs."""

import os
import pty
import re
import subprocess

from tests.live.conftest import DRILL, ROOT, SHORT, leftovers


def test_the_live_line_shows_phase_time_success_and_versions(tmp_path):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    arguments = ["run", "ecs-bad-migration", *SHORT, "--without", "fault", "--runs", str(tmp_path)]
    process = subprocess.Popen(
        [DRILL, *arguments], cwd=ROOT, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    seen = b""
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
    except OSError:
        pass  # how Linux says that the other side of a terminal is closed
    assert process.wait() == 2
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen.decode())
    assert re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] baseline +\d+\.\d s   ok +\d+\.\d%   v1 █+", text)
    assert re.search(r"✓ baseline +\d+\.\d s   steady 50/s", text)
    assert "INCONCLUSIVE" in text
    assert leftovers(next(tmp_path.glob("*/timeline.jsonl")).parent) == []

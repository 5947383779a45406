#!/usr/bin/env python3
"""A static look at a rollback workflow: `look.py FILE`. GitHub's schema (check-jsonschema) and the auditor zizmor.

Says what they see, and what they cannot: whether the job has a check-out before it calls a script of the repository is
in no schema. Writes to $DRILL_FORECAST; "reversible" means that nothing speaks against the rollback.
Exit code: 0 nothing to say; 1 something.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main():
    """Asks both, prints both."""
    file = sys.argv[1]
    schema = ask("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
    auditor = ask("zizmor", "--offline", "--no-progress", "--format", "json", file)
    why = []
    if schema.returncode:
        lines = [
            line.strip() for line in (schema.stdout + schema.stderr).splitlines() if "Error" in line or "line " in line
        ]
        why.append(f"check-jsonschema refuses {Path(file).name}: {' '.join(lines[:2])}")
    why += findings(auditor)
    reach = "irreversible without data loss" if schema.returncode else "reversible"
    for line in why or ["nothing to say"]:
        print(line)
    if os.environ.get("DRILL_FORECAST"):
        Path(os.environ["DRILL_FORECAST"]).write_text(json.dumps({"reach": reach, "why": why}), encoding="utf-8")
    raise SystemExit(1 if why else 0)


def ask(*words):
    """Runs a tool to its end."""
    return subprocess.run(words, capture_output=True, text=True, check=False)


def findings(auditor):
    """What zizmor says, one line a kind."""
    if not auditor.stdout.strip().startswith("["):
        return ["zizmor cannot read it either"]
    kinds = dict.fromkeys((each["ident"], each["desc"]) for each in json.loads(auditor.stdout))
    return [f"zizmor: {name} ({what})" for name, what in kinds]


if __name__ == "__main__":
    main()

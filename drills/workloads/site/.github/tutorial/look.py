#!/usr/bin/env python3
"""A static look at rollback workflows: `look.py 'FILE …'`. GitHub's schema (check-jsonschema) and the auditor zizmor.

Says what they see. What is in no schema they cannot: whether a job checks the repository out before it calls a script
of it. Writes to $DRILL_FORECAST which failure mode they told: M9, a workflow that cannot be read.
Exit code: 0, whatever they say.
"""

import json
import os
import subprocess
import sys
from pathlib import Path


def main():
    """Asks both of each file, prints what they say."""
    why, tells = [], []
    for file in sys.argv[1].split():
        name = Path(file).name
        schema = ask("check-jsonschema", "--builtin-schema", "vendor.github-workflows", file)
        if schema.returncode:
            said = [line.strip() for line in (schema.stdout + schema.stderr).splitlines() if "line " in line]
            why.append(f"check-jsonschema refuses {name}: {' '.join(said[:1])}")
            tells = ["M9"]
        else:
            why.append(f"check-jsonschema takes {name}")
        why.append(f"zizmor {findings(ask('zizmor', '--offline', '--no-progress', '--format', 'json', file))}")
    print("\n".join(why))
    if os.environ.get("DRILL_FORECAST"):
        Path(os.environ["DRILL_FORECAST"]).write_text(json.dumps({"why": why, "tells": tells}), encoding="utf-8")


def ask(*words):
    """Runs a tool to its end."""
    return subprocess.run(words, capture_output=True, text=True, check=False)


def findings(auditor):
    """What zizmor says, in a line."""
    if not auditor.stdout.strip().startswith("["):
        return "cannot read it"
    kinds = sorted({each["ident"] for each in json.loads(auditor.stdout)})
    return f"warns of {', '.join(kinds)}" if kinds else "has nothing to say"


if __name__ == "__main__":
    main()

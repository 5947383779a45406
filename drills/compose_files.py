"""Compose files of a team, and the file that is laid over them so that a run stays on its own network.

Docker Compose itself reads and merges them (`docker compose config`): nothing here knows the format beyond what a run
has to change. What is changed is the whole of `OVERRIDDEN`; everything else is as the team wrote it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import ProvisionProblem
from harness.process import run_command
from harness.spi import Run

OVERRIDDEN = ("container_name", "network_mode", "networks", "ports")
"""Keys of a service that would reach past the run: fixed names collide, published ports are open to others."""
_TIMEOUT = 60.0


def read_compose(run: Run, files: Sequence[Path], env: Mapping[str, str]) -> Mapping[str, Any]:
    """The merged files, every profile, variables not filled in (releases fill them).

    Raises:
        ProvisionProblem: Docker Compose refuses them, in its own words, or they use a volume of the host.
    """
    log = run.scratch / "compose-config.log"
    words = ["docker", "compose", "--profile", "*"]
    words += [word for file in files for word in ("--file", str(file))]
    words += ["config", "--no-interpolate", "--format", "json"]
    done = run_command(words, env=run.environment(env), cwd=run.workdir, timeout=_TIMEOUT, log=log)
    if not done.ok:
        raise ProvisionProblem(
            f"docker compose cannot read {', '.join(map(str, files))}: {done.output.strip()}",
            next_step="`docker compose config` beside the file says the same",
        )
    text = log.read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text[text.index("{") :])  # warnings about variables stand before it
    outside = [name for name, volume in (found.get("volumes") or {}).items() if (volume or {}).get("external")]
    if outside:
        raise ProvisionProblem(
            f"volume {outside[0]!r} is external: a drill must not touch data that it did not make",
            next_step="give the scenario a compose file of its own that lays a volume without `external` over it",
        )
    return found


def override(found: Mapping[str, Any], network: str, labels: Mapping[str, str]) -> str:
    """The file to lay over ``found``: the run's own network for every service, its labels on everything.

    Written as text because its tags (`!reset`, `!override`: Compose file reference, "Merge and override") are none
    that a YAML library writes.
    """
    said = json.dumps(dict(labels))
    lines = ["services:"]
    for name in sorted(found.get("services") or {}):
        lines += [
            f"  {json.dumps(name)}:",
            "    container_name: !reset null",
            "    network_mode: !reset null",
            "    networks: !override {default: null}",
            "    ports: !reset []",
            f"    labels: {said}",
        ]
    lines.append("networks: !override")
    lines.append(f"  default: {{name: {json.dumps(network)}, external: true}}")
    if volumes := sorted(found.get("volumes") or {}):
        lines.append("volumes:")
        lines += [f"  {json.dumps(name)}: {{labels: {said}}}" for name in volumes]
    return "\n".join([*lines, ""])

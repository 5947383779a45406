"""A git repository, and a controller that makes the run's namespace what its main branch says.

The controller is simulated by a loop of git and kubectl: what Argo CD calls automated sync with self-heal, and no more.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from harness.errors import ProvisionProblem
from harness.events import StackFact
from harness.ledger import Undo
from harness.model import Frozen
from harness.process import run_command
from harness.spi import Need, Run
from harness.units import Duration

NEEDS = (Need(kind="tool", name="git"),)
_LOOP = Path(__file__).with_name("gitops_loop.sh")
_TIMEOUT = 30.0


class GitOps(Frozen):
    """Applies ``manifest.yaml`` of a repository again and again, for as long as the ConfigMap ``gitops`` lets it."""

    period: Duration = Field(default=2.0, gt=0, description="between two looks at the repository and the cluster")

    def start(self, run: Run, kube: Mapping[str, str]) -> Path:
        """Make the repository and start the controller with the environment ``kube``; returns the repository."""
        repository = run.scratch / "gitops.git"
        env = run.environment(kube)
        (run.folder / "logs").mkdir(exist_ok=True)
        file = run.folder / "logs" / "gitops.log"
        for command in (
            ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(repository)],
            ["kubectl", "create", "configmap", "gitops", "--from-literal=automated=true"],
        ):
            done = run_command(command, env=env, cwd=run.scratch, timeout=_TIMEOUT, log=file)
            if not done.ok:
                raise ProvisionProblem(f"GitOps: {command[0]} failed: {done.output}", next_step=f"read {file}")
        run.ledger.plan(Undo(kind="processes", what="GitOps controller", params={"run": run.id}))
        with file.open("ab") as log:
            subprocess.Popen(
                [str(_LOOP), str(repository), str(self.period)],
                env=env,
                cwd=run.scratch,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        run.timeline.write(StackFact(name="GitOps controller", value="a loop of git and kubectl", simulated=True))
        return repository

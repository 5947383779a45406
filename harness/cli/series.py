"""Drills one after the other: as given, or as many as a time box takes; what was not run is always named."""

from __future__ import annotations

import shlex
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from harness.cli.common import SCENARIOS
from harness.cli.live import live_display
from harness.errors import ExitCode, Interrupted, UsageProblem
from harness.history import read
from harness.limits import Interrupts, on_signals
from harness.notify.delivery import NOBODY, Notices
from harness.record import RunRecord
from harness.runner.machine import TIME_BOX, run_drill
from harness.runner.session import Options, open_session
from harness.sabotages import Saboteur
from harness.scenario.find import all_scenarios
from harness.scenario.load import Loaded
from harness.timebox import BoxPlan, Candidate, LeftOut, candidate, plan_box
from harness.units import format_duration
from harness.verdict import exit_code


@dataclass(frozen=True)
class Drill:
    """A scenario on a path, as it will run."""

    loaded: Loaded
    path: str
    changes: tuple[str, ...] = ()
    sabotages: tuple[Saboteur, ...] = ()
    """What is broken during attempt 1."""
    seed: int = 0

    @property
    def name(self) -> str:
        """Scenario and path, as ``drill list`` says them."""
        return f"{self.loaded.scenario.name} {self.path}"

    def sabotaged(self, sabotages: Sequence[Saboteur], seed: int) -> Drill:
        """The same with something broken besides: a changed drill counts for no gate.

        Raises:
            UsageProblem: one of them has nothing to break here.
        """
        for each in sabotages:
            if why := each.applies(self.loaded.scenario, self.path):
                raise UsageProblem(
                    f"--sabotage {each.name}: it does not apply to {self.name}: {why}",
                    next_step=f"`drill sabotage {self.loaded.scenario.name} --path {self.path} --plan` says which do",
                )
        more = [f"--sabotage {each.name}" for each in sabotages]
        more += [f"--seed {seed}"] if sabotages and seed else []
        return replace(self, changes=(*self.changes, *more), sabotages=tuple(sabotages), seed=seed)


@dataclass(frozen=True)
class Asked:
    """What the command line asks of every run of a series."""

    runs: Path
    allow_remote: frozenset[str] = frozenset()
    as_json: bool = False
    sign: Callable[[Path], ExitCode] = lambda _folder: ExitCode.PASSED
    """Signs a run's folder, where that was asked for."""
    until: float | None = None
    """End of the normal course of a run, ``time.monotonic()``; None without a time box."""
    notices: Notices = NOBODY
    ended: Callable[[RunRecord], None] | None = None
    """Is told of every run that has ended, and prints for machines what there is to print."""

    def say(self, text: str) -> None:
        """A line for the reader: beside the records where these are printed."""
        click.echo(text, err=self.as_json)


def rehearse(drill: Drill, asked: Asked) -> tuple[RunRecord, str]:
    """Run ``drill`` to its end; its record, and who asked it to end (empty: nobody)."""
    changes = (word for change in drill.changes for word in change.split(" ", 1))
    command = shlex.join(["drill", "run", _as_named(drill.loaded), "--path", drill.path, *changes])
    options = Options(
        path=drill.path,
        runs=asked.runs,
        command=command,
        allow_remote=asked.allow_remote,
        changes=drill.changes,
        sabotages=drill.sabotages,
        seed=drill.seed,
        until=asked.until,
        notices=asked.notices,
    )
    session = open_session(drill.loaded, options)
    with live_display(session, quiet=asked.as_json):
        record = run_drill(session)
    return record, session.stopped_by


def _as_named(loaded: Loaded) -> str:
    """How a command line names the scenario: by name where that is enough, else by its file."""
    return loaded.scenario.name if loaded.file in all_scenarios(SCENARIOS) else str(loaded.file)


def code_of(record: RunRecord) -> ExitCode:
    """A drill that left something behind did not go well, whatever it found."""
    if record.interrupted_by == TIME_BOX:
        return ExitCode.INCONCLUSIVE
    code = exit_code(record.verdict)
    return ExitCode.ENVIRONMENT if record.left_behind and code is ExitCode.PASSED else code


def run_all(drills: Sequence[Drill], asked: Asked) -> ExitCode:
    """Every drill, in this order. A signal ends the one that runs and the series."""
    return _Series(asked).run(drills)


def run_box(drills: Sequence[Drill], asked: Asked, seconds: float) -> ExitCode:
    """As many drills as ``seconds`` take, said before the first one starts.

    Raises:
        UsageProblem: the box has no time besides the reserve for teardown.
    """
    began = time.monotonic()
    reserve = max(drill.loaded.scenario.timeouts.teardown for drill in drills)
    if seconds <= reserve:
        raise UsageProblem(
            f"a time box of {format_duration(seconds)} is used up by its reserve for teardown, "
            f"{format_duration(reserve)} (`timeouts.teardown`)",
            next_step="give it more time",
        )
    by_name = {each.name: each for each in drills}
    plan = plan_box([_candidate(drill, asked.runs) for drill in by_name.values()], seconds - reserve)
    _say_plan(plan, seconds, reserve, asked)
    order = [*plan.fits, *(each.candidate for each in plan.left_out if not each.never)]
    longest = {each.name: each.estimate.p95 for each in order}
    series = _Series(replace(asked, until=began + seconds - reserve), longest)
    code = series.run([by_name[each.name] for each in order])
    never = [each for each in plan.left_out if each.never]
    for each in never:
        asked.say(f"not run: {each.candidate.name}: {each.why}")
    asked.say(f"time box: {format_duration(time.monotonic() - began)} of {format_duration(seconds)} used")
    if code is ExitCode.PASSED and (never or not series.done):
        return ExitCode.INCONCLUSIVE
    return code


def _candidate(drill: Drill, runs: Path) -> Candidate:
    scenario = drill.loaded.scenario
    rows = read(runs, scenario=scenario.name, path=drill.path)
    return candidate(scenario, drill.path, rows, changes=drill.changes)


def _say_plan(plan: BoxPlan, seconds: float, reserve: float, asked: Asked) -> None:
    asked.say(
        f"time box {format_duration(seconds)}, {format_duration(reserve)} of it kept for teardown; "
        "what was drilled longest ago comes first"
    )
    for number, each in enumerate(plan.fits, start=1):
        asked.say(f"{number:3}. {each.name}: {each.estimate}; {_drilled(each)}")
    for left in plan.left_out:
        asked.say(f"  -  {left.candidate.name}: {_why(left)}")


def _drilled(each: Candidate) -> str:
    return f"last drilled {each.drilled[:16]}" if each.drilled else "never drilled"


def _why(left: LeftOut) -> str:
    after = "" if left.never else ", unless the others are quicker"
    return f"does not fit, {left.why}{after}: {left.candidate.estimate}; {_drilled(left.candidate)}"


class _Series:
    """Runs that follow each other until they are done, the time is over, or somebody ends them."""

    def __init__(self, asked: Asked, longest: Mapping[str, float] | None = None) -> None:
        self._asked = asked
        self._longest = longest or {}
        self._worst = ExitCode.PASSED
        self._stopped_by = ""
        self.done = 0

    def run(self, drills: Sequence[Drill]) -> ExitCode:
        """The worst exit code; what was not run is named with the reason."""
        interrupts, waiting = Interrupts(), deque(drills)
        not_run: list[tuple[Drill, str]] = []
        try:
            with on_signals(interrupts):
                while waiting and not self._stopped_by:
                    interrupts.check()
                    if why := self._too_long(waiting[0]):
                        not_run.append((waiting.popleft(), why))
                    else:
                        self._rehearse(waiting.popleft())
        except Interrupted as interrupt:
            self._stopped_by, self._worst = interrupt.message, ExitCode.INTERRUPTED
        not_run += [(drill, f"stopped by {self._stopped_by}") for drill in waiting]
        for drill, why in not_run:
            self._asked.say(f"not run: {' '.join((drill.name, *drill.changes))}: {why}")
        signalled = self._stopped_by not in ("", TIME_BOX)
        return ExitCode.INTERRUPTED if signalled and waiting else self._worst

    def _too_long(self, drill: Drill) -> str:
        """Why ``drill`` cannot be started now; empty where it can."""
        if self._asked.until is None:
            return ""
        left, needs = self._asked.until - time.monotonic(), self._longest[drill.name]
        rest = format_duration(left) if left > 0 else "nothing"
        return "" if needs <= left else f"needs {format_duration(needs)}, {rest} is left for it"

    def _rehearse(self, drill: Drill) -> None:
        record, self._stopped_by = rehearse(drill, self._asked)
        self.done += 1
        self._worst = max(self._worst, code_of(record), self._asked.sign(self._asked.runs / record.run))
        if self._asked.ended is None or not self._asked.as_json:
            _say(record, self._asked)
        if self._asked.ended:
            self._asked.ended(record)


def _say(record: RunRecord, asked: Asked) -> None:
    if asked.as_json:
        click.echo(record.model_dump_json(indent=1))
        return
    colour = {"passed": "green", "failed": "red"}.get(record.verdict.value, "yellow")
    click.secho(f"\n{record.verdict.value.upper()}", fg=colour, bold=True)
    for reason in record.reasons:
        click.echo(f"  {reason}")
    click.echo(f"  report: {asked.runs / record.run / 'report.md'}")

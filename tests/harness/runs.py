"""Builder of run folders: the real timeline writer on a clock of its own, and a synthetic request log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness.events import (
    AnyEvent,
    AttemptJudged,
    CheckDone,
    Detected,
    FaultJudged,
    FindingSeen,
    LeftBehind,
    PhaseEnded,
    PhaseStarted,
    ResidueJudged,
    RunStarted,
    SnapshotTaken,
    StackFact,
    StepEnded,
    StepStarted,
    WritesCounted,
)
from harness.model import Budgets, CheckResult, Finding, Outcome, Phase, ResidueClass, ResidueRow, Snapshot
from harness.probe.samples import Sample, write_line
from harness.timeline import Timeline

UNDEFINED = 'psycopg.errors.UndefinedColumn: column "total_cents" does not exist'
D3 = Finding(
    mode="D3",
    title="the old release cannot read the changed schema",
    seen_at=33.2,
    attempt=1,
    check="read an order",
    evidence=('GET /orders/17 → 500 {"error":"internal"}', "Traceback (most recent call last):", UNDEFINED),
    why="The migration renamed total_cents; a rollback of the code leaves the schema as it is.",
    prevent="expand, then contract",
    sources=("medplum/medplum#10256",),
)
RESIDUE = ResidueRow(
    layer="schema",
    key="orders.total_cents",
    before="integer not null",
    after="generated from amount",
    residue_class=ResidueClass.HARMLESS,
    note="remove with the next release",
)


@dataclass
class Attempt:
    name: str
    rung: str
    recovered: bool
    findings: tuple[Finding, ...] = ()
    exit_code: int = 0
    output: str = "service shop is on shop:1\n"
    checks: tuple[CheckResult, ...] = (
        CheckResult(name="read an order", outcome=Outcome.PASS, expected="200", seen="200"),
    )
    residue: tuple[ResidueRow, ...] | None = ()
    judged: bool = True


def naive() -> list[Attempt]:
    failing = CheckResult(name="read an order", outcome=Outcome.FAIL, expected="200", seen="500", evidence=D3.evidence)
    return [
        Attempt("previous task definition", "rollback", False, (D3,), checks=(failing,)),
        Attempt("forward-fix migration", "forward-fix", True, residue=(RESIDUE,)),
    ]


@dataclass
class Drill:
    """A run of the naive path that passes; every field is a way to make it another one."""

    expected: str = "broken"
    declared: tuple[str, ...] = ("D3",)
    attempts: list[Attempt] = field(default_factory=naive)
    rto: float = 300.0
    rpo: int = 0
    detect_budget: float | None = 60.0
    failed_budget: float | None = None
    baseline_ok: bool = True
    fired: bool | None = True
    detected: bool = True
    bad: tuple[float, float] = (19.0, 41.0)
    """Requests intended in this span fail."""
    requests: bool = True
    lost: int | None = 0
    counted: bool = True
    extra: tuple[tuple[float, AnyEvent], ...] = ()
    until: float = 1000.0
    """Nothing later than this is written: the run was killed."""
    output: str = ""
    changes: tuple[str, ...] = ()

    def write(self, folder: Path) -> Path:
        """The run folder."""
        folder.mkdir(parents=True, exist_ok=True)
        timeline, clock = Timeline(folder / "timeline.jsonl", anchor=0.0), [0.0]
        timeline.now = lambda: clock[0]  # type: ignore[method-assign]
        for at, event in sorted([*self.events(), *self.extra], key=lambda pair: pair[0]):
            if at <= self.until:
                clock[0] = at
                timeline.write(event)
        timeline.close()
        layers = {"schema": {"orders.total_cents": "integer not null"}, "tasks": {"desired": "2", "image": "sha256:1"}}
        (folder / "S0.json").write_text(Snapshot(label="S0", taken_at=16.9, layers=layers).model_dump_json())
        if self.requests:
            (folder / "requests.jsonl").write_bytes(b"".join(write_line(s) for s in self.samples()))
        return folder

    def samples(self) -> list[Sample]:
        every = [round(10.0 + n / 20, 3) for n in range(20 * 45)]
        return [self._sample(n, at) for n, at in enumerate(every) if at <= min(self.until, 54.0)]

    def _sample(self, n: int, at: float) -> Sample:
        good, write = not self.bad[0] <= at < self.bad[1], n % 5 == 0
        return Sample(
            seq=n,
            name="place an order" if write else "read an order",
            request="GET /orders/17",
            write=write,
            intended=at,
            start=at,
            end=at + 0.006 + (n % 7) / 1000,
            status=(201 if write else 200) if good else 500,
            version="v1" if at < 18 or at > 30 else "v2",
            ok=good,
            key=f"k{n}" if write else "",
            error="" if good else "status 500",
        )

    def events(self) -> list[tuple[float, AnyEvent]]:
        spans: list[tuple[float, AnyEvent]] = [(0.0, self._start())]
        add: Callable[[float, AnyEvent], None] = lambda at, event: spans.append((at, event))  # noqa: E731
        ends = {Phase.PREFLIGHT: 0.4, Phase.PROVISION: 7.0, Phase.RELEASE_GOOD: 12.0, Phase.BASELINE: 17.0}
        begin = 0.01
        for phase, end in {**ends, Phase.RELEASE_BAD: 20.0, Phase.DETECT: 22.1}.items():
            add(begin, PhaseStarted(phase=phase))
            ok = self.baseline_ok or phase != Phase.BASELINE
            add(end, PhaseEnded(phase=phase, ok=ok, summary="" if ok else "80.0 % good in 5 s"))
            begin = end
        add(6.0, StackFact(name="PostgreSQL", value="15.12"))
        add(6.5, StackFact(name="ECS control plane", value="ministack 1.5.33", simulated=True))
        add(16.9, SnapshotTaken(label="S0", file="S0.json"))
        add(19.9, self._step("migrate", Phase.RELEASE_BAD, None, "ecs/migrate.py --image shop:v2 0004_rename"))
        if self.fired is not None:
            summary = (
                "100 % of 20 reads failed" if self.fired else "0 % of 400 requests failed in 20 s, 5 % were needed"
            )
            add(19.95, FaultJudged(fired=self.fired, summary=summary))
        if self.detected and self.fired:
            add(22.1, Detected(by="smoke", summary="read an order: expected 200, saw 500"))
            self._attempts(add)
        if self.counted and self.requests:
            add(53.5, WritesCounted(acknowledged=90, lost=self.lost, summary="" if self.lost is not None else "no SQL"))
        add(54.0, PhaseStarted(phase=Phase.VERDICT))
        add(54.1, PhaseEnded(phase=Phase.VERDICT, ok=True))
        add(54.1, PhaseStarted(phase=Phase.TEARDOWN))
        return spans

    def _start(self) -> RunStarted:
        return RunStarted(
            run="2026-11-22T21-04-11Z-7f3a",
            scenario="ecs-bad-migration",
            path="naive",
            pid=1,
            monotonic=0.0,
            title="A release renames a column; the code goes back, the schema does not",
            command="make drill SCENARIO=ecs-bad-migration",
            wall="2026-11-22T21:04:11Z",
            operator="kim",
            commit="1a2b3c4",
            expected_first_attempt=self.expected,
            expected_findings=self.declared,
            teaches=("D3",),
            budgets=Budgets(rto=self.rto, rpo=self.rpo, detect=self.detect_budget, failed_requests=self.failed_budget),
            sustained=3.0,
            min_success=0.995,
            changes=self.changes,
        )

    def _step(self, name: str, phase: Phase, attempt: int | None, command: str, **more: object) -> StepEnded:
        values = {"ok": True, "took": 2.1, "exit_code": 0, "output": self.output, **more}
        return StepEnded(step=name, phase=phase, attempt=attempt, command=command, log=f"logs/{name}.log", **values)

    def _attempts(self, add: Callable[[float, AnyEvent], None]) -> None:
        for number, (attempt, begin) in enumerate(zip(self.attempts, (22.2, 36.0, 44.0), strict=False), start=1):
            add(begin, PhaseStarted(phase=Phase.ATTEMPT, attempt=number, title=attempt.name))
            add(
                begin + 0.1,
                StepStarted(step="rollback.sh", phase=Phase.ATTEMPT, attempt=number, command="ecs/rollback.sh"),
            )
            add(
                begin + 4.4,
                self._step(
                    "rollback.sh",
                    Phase.ATTEMPT,
                    number,
                    "ecs/rollback.sh",
                    took=4.3,
                    exit_code=attempt.exit_code,
                    ok=attempt.exit_code == 0,
                    output=attempt.output,
                ),
            )
            add(begin + 4.5, PhaseEnded(phase=Phase.ATTEMPT, attempt=number, ok=True))
            add(begin + 4.5, PhaseStarted(phase=Phase.VERIFY, attempt=number))
            for check in attempt.checks:
                add(begin + 6.0, CheckDone(purpose="verify", attempt=number, result=check))
            for finding in attempt.findings:
                add(begin + 7.0, FindingSeen(finding=finding))
            if attempt.residue is not None:
                add(begin + 7.1, ResidueJudged(attempt=number, rows=attempt.residue))
            if attempt.judged:
                add(
                    begin + 7.4,
                    AttemptJudged(
                        attempt=number,
                        name=attempt.name,
                        rung=attempt.rung,
                        recovered=attempt.recovered,
                        acted=4.4,
                        converged=3.0,
                        summary="smoke green" if attempt.recovered else "smoke stayed red for 3 s",
                    ),
                )
                add(begin + 7.5, PhaseEnded(phase=Phase.VERIFY, attempt=number, ok=attempt.recovered))


LEFT = LeftBehind(resource="container drill-7f3a-db", reason="the engine did not answer for 60 s")

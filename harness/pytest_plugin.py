"""pytest plugin: ``pytest scenarios/`` rehearses; each scenario and path is a test item with an id of its own.

It stays out of the way: files are looked at only with ``--drills``, or where they or their folder are named on the
command line. The engine is imported only then, for pytest loads this module in every project that has drill installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from harness.errors import DrillError
    from harness.record import RunRecord
    from harness.scenario.load import Loaded

_SCENARIO = re.compile(r"^drill:\s", re.MULTILINE)
"""What makes a YAML file a scenario: the key that names the version of the language."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of drills."""
    group = parser.getgroup("drill", "rollback rehearsals")
    group.addoption("--drills", action="store_true", help="collect every scenario file below the given folders")
    group.addoption("--drill-runs", default="reports", metavar="DIR", help="folder of the runs' folders")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """A scenario file that was asked for."""
    if file_path.suffix != ".yaml" or not _asked_for(file_path, parent.config):
        return None
    if not _SCENARIO.search(file_path.read_text(encoding="utf-8", errors="replace")):
        return None
    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


def _asked_for(file: Path, config: pytest.Config) -> bool:
    if config.getoption("drills"):
        return True
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return False
    named = {(config.invocation_params.dir / argument.split("::")[0]).resolve() for argument in config.args}
    return not named.isdisjoint({file.resolve(), file.resolve().parent})


class ScenarioFile(pytest.File):
    """A scenario file: one item for each of its paths."""

    def collect(self) -> Iterator[pytest.Item]:
        """The paths, in the order of the file."""
        from harness.cli.common import load

        loaded = load(self.path)
        for label in loaded.scenario.labels:
            self.config.addinivalue_line("markers", f"{label}: drills with this label")
            self.add_marker(label)
        self.extra_keyword_matches.update(loaded.scenario.teaches)
        for path in loaded.scenario.paths:
            yield DrillItem.from_parent(self, name=path, loaded=loaded)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any) -> Any:
        """The complaints about an invalid scenario, without a traceback."""
        from harness.errors import DrillError

        return _said(excinfo.value) if isinstance(excinfo.value, DrillError) else super().repr_failure(excinfo)


class DrillItem(pytest.Item):
    """One scenario on one path. It is run while it is set up and judged as the test.

    So what the environment broke is an error for pytest, and what the drill found is a failure.
    """

    def __init__(self, *, loaded: Loaded, **rest: Any) -> None:
        super().__init__(**rest)
        self._loaded = loaded
        self._record: RunRecord | None = None
        self.user_properties += [("scenario", loaded.scenario.name), ("path", self.name)]

    @property
    def _runs(self) -> Path:
        return self.config.invocation_params.dir / str(self.config.getoption("drill_runs"))

    def setup(self) -> None:
        """Run the drill. Fails where the environment broke it; ends the session where somebody interrupted it."""
        from harness.cli.series import Asked, Drill, code_of, rehearse
        from harness.errors import DrillError, ExitCode
        from harness.record import RECOVERY_TIME

        try:
            record, stopped_by = rehearse(Drill(self._loaded, self.name), Asked(self._runs))
        except DrillError as problem:
            pytest.fail(_said(problem), pytrace=False)
        recovery = record.metric(RECOVERY_TIME).value
        self.user_properties += [
            ("verdict", record.verdict.value),
            ("recovery_time_s", "" if recovery is None else f"{recovery:.3f}"),
        ]
        if stopped_by:
            pytest.exit(f"{self.nodeid}: interrupted by {stopped_by}; {self._summary(record)}", returncode=2)
        if code_of(record) is ExitCode.ENVIRONMENT:
            pytest.fail(self._summary(record), pytrace=False)
        self._record = record

    def runtest(self) -> None:
        """Judge: anything but passed is a failure, inconclusive too."""
        from harness.model import Verdict

        if self._record is not None and self._record.verdict is not Verdict.PASSED:
            pytest.fail(self._summary(self._record), pytrace=False)

    def _summary(self, record: RunRecord) -> str:
        """Verdict, reasons, and where the report is."""
        left = [f"left behind: {each.resource}: {each.reason}" for each in record.left_behind]
        report = f"report: {self._runs / record.run / 'report.md'}"
        return "\n  ".join([record.verdict.value.upper(), *record.reasons, *left, report])

    def reportinfo(self) -> tuple[Path, None, str]:
        """File and name for the listing."""
        return self.path, None, f"{self.path.name}::{self.name}"


def _said(problem: DrillError) -> str:
    """Message and next step, as the command says them."""
    return "\n→ ".join(filter(None, (problem.message, problem.next_step)))

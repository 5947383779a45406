"""Is a run what its timeline says? Its record and reports are made again elsewhere, and compared."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from typing import Any

from harness.errors import UsageProblem
from harness.evidence.folder import NO_FILE, read_bounded
from harness.record import REQUESTS_FILE, RUN_FILE, TIMELINE_FILE, build_record
from harness.report.junit import JUNIT_FILE, write_junit
from harness.report.markdown import REPORT_FILE, write_markdown
from harness.report.outage import write_chart
from harness.report.page import CHART_FILE
from harness.report.prometheus import METRICS_FILE, write_metrics
from harness.report.render import write_report
from harness.verdict import judge

_REPORTERS = {"chart": write_chart, "junit": write_junit, "page": write_markdown, "prometheus": write_metrics}
DERIVED = (RUN_FILE, REPORT_FILE, JUNIT_FILE, CHART_FILE, METRICS_FILE)
_SNAPSHOT = re.compile(r"(^|/)S\d+\.json$")
_LONGEST = 256 * 1024**2
"""Bytes of a file that is read whole; an hour of 100 requests a second is 90 MB of request log."""
_MOST = 8
"""Differences of one file that are told."""
_WIDTH = 100


def is_source(name: str) -> bool:
    """Whether reports are made from the file ``name`` of a run folder."""
    return name in (TIMELINE_FILE, REQUESTS_FILE) or _SNAPSHOT.search(name) is not None


def differences(folder: Path, files: Mapping[str, str]) -> list[str]:
    """What in ``folder`` is not what this version of drill makes of its timeline and request log; a line each.

    ``files`` are the folder's digests. A run that cannot be read is a difference too.
    """
    with tempfile.TemporaryDirectory(prefix="drill-verify-") as name:
        made = Path(name) / folder.name
        made.mkdir()
        try:
            _copy_sources(folder, made, files)
            _render(made)
            judged = list(_verdict(made))
        except (UsageProblem, ValueError, OSError, RecursionError) as problem:
            return [f"{TIMELINE_FILE}: nothing can be made of it: {shown(str(problem))}"]
        return [*judged, *(line for file in DERIVED for line in _compared(folder, made, file, files))]


def _copy_sources(folder: Path, made: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        if is_source(name):
            if digest == NO_FILE:
                raise ValueError(f"{name}: {NO_FILE}")
            if (folder / name).stat().st_size > _LONGEST:
                raise ValueError(f"{name} is longer than {_LONGEST:,} bytes")
            (made / name).parent.mkdir(exist_ok=True, parents=True)
            shutil.copyfile(folder / name, made / name, follow_symlinks=False)


def _render(made: Path) -> None:
    def failed(name: str, problem: Exception) -> None:
        raise ValueError(f"reporter {name}: {problem}") from problem

    write_report(made, reporters=_REPORTERS, on_problem=failed)


def _verdict(made: Path) -> Iterator[str]:
    record = build_record(made)
    judged, _ = judge(record)
    if record.verdict != judged:
        yield f"{TIMELINE_FILE}: the verdict is {record.verdict.value}, what was measured says {judged.value}"


def _compared(folder: Path, made: Path, name: str, files: Mapping[str, str]) -> Iterator[str]:
    derived = made / name
    if name not in files:
        if derived.exists():
            yield f"{name}: missing"
        return
    try:
        has = read_bounded(folder / name, _LONGEST)
    except (OSError, ValueError) as problem:
        yield f"{name}: {problem}"
        return
    says = derived.read_bytes() if derived.exists() else b""
    if has == says:
        return
    lines = list(_fields(has, says) if name == RUN_FILE else _lines(has, says))
    yield from (f"{name}: {line}" for line in lines[:_MOST])
    if len(lines) > _MOST:
        yield f"{name}: and {len(lines) - _MOST} more"


def _fields(has: bytes, says: bytes) -> Iterator[str]:
    try:
        flat = dict(_flat(json.loads(has)))
    except (ValueError, RecursionError):
        yield "it is no JSON"
        return
    derived = dict(_flat(json.loads(says)))
    for key in dict.fromkeys([*derived, *flat]):
        ours, theirs = flat.get(key, "nothing"), derived.get(key, "nothing")
        if ours != theirs:
            yield f"{shown(key)} is {shown(ours)}, the timeline says {shown(theirs)}"
    if flat == derived:
        yield "written in another way, with the same values"


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every value of a JSON document by its dotted path."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from _flat(part, f"{key}[{name}]" if isinstance(value, list) else f"{key}.{name}".lstrip("."))
    if not parts:
        yield key, json.dumps(value)


def _lines(has: bytes, says: bytes) -> Iterator[str]:
    pairs = zip_longest(has.decode(errors="replace").split("\n"), says.decode(errors="replace").split("\n"))
    for number, (ours, theirs) in enumerate(pairs, start=1):
        if ours != theirs:
            yield f"line {number} is {_quoted(ours)}, the timeline says {_quoted(theirs)}"
            # One line more or less moves all that follow, and every one of them would be told.
            if ours is None or theirs is None:
                return


def _quoted(line: str | None) -> str:
    return "missing" if line is None else shown(json.dumps(line, ensure_ascii=False))


def shown(text: str) -> str:
    """Text of a stranger for a terminal: printable, and not too much of it."""
    clean = "".join(each if each.isprintable() else " " for each in text)
    return clean if len(clean) <= _WIDTH else clean[: _WIDTH - 1] + "…"

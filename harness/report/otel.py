"""Reporter ``trace``: the run sent by OTLP/HTTP where the environment names an endpoint.

The endpoint is the user's own choice, made by the standard variables (OpenTelemetry, *OTLP Exporter Configuration*);
no scenario can name one, so the guard is not asked. A failing endpoint costs a note, never a verdict; and the
reporter's name is the last of the shipped ones, so a slow one cannot cost another report.
"""

from __future__ import annotations

import os
from pathlib import Path

from harness.errors import EnvironmentProblem
from harness.guard import host_of
from harness.record import RunRecord

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


def send_trace(record: RunRecord, _folder: Path) -> None:
    """Send the spans of ``record``; nothing where no endpoint is set. Raises EnvironmentProblem."""
    endpoint = _first(_ENDPOINTS)
    if not endpoint or os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return
    if (protocol := _first(_PROTOCOLS) or _SPOKEN) != _SPOKEN:
        raise EnvironmentProblem(
            f"OTLP protocol {protocol!r} is not spoken", next_step=f"set {_PROTOCOLS[1]}={_SPOKEN}"
        )
    try:
        from harness.report.trace import PATIENCE, send, spans
    except ImportError as problem:
        raise EnvironmentProblem(f"{problem}", next_step="install drill[otel]") from problem
    made = spans(record)
    if not send(made):
        raise EnvironmentProblem(
            f"the OTLP endpoint on {host_of(endpoint)} did not take {len(made)} spans within {PATIENCE:g} s"
        )


def _first(names: tuple[str, ...]) -> str:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), "")

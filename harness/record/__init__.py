"""What a run was, as one value: a fold over its timeline and the probe's request log.

``timeline.jsonl`` is the single source of truth. ``run.json`` is this record, written before teardown and again
after it, and it can be made again at any time from the run folder, also when the run was killed in the middle.
"""

from harness.record._build import (
    REQUESTS_FILE,
    RUN_FILE,
    TIMELINE_FILE,
    build_record,
    record_json,
    record_schema,
    replace_text,
    write_run_json,
)
from harness.record._model import (
    ATTEMPT_TIME,
    DETECT_TIME,
    RECOVERY_TIME,
    REQUESTS_FAILED,
    WRITES_LOST,
    AttemptRecord,
    CheckRecord,
    Compared,
    Detection,
    Fact,
    FaultRecord,
    LatencyRecord,
    LeftOver,
    OutageRecord,
    PhaseRecord,
    RequestsRecord,
    RunError,
    RunRecord,
    StepRecord,
    WritesRecord,
)

__all__ = [
    "ATTEMPT_TIME",
    "DETECT_TIME",
    "RECOVERY_TIME",
    "REQUESTS_FAILED",
    "REQUESTS_FILE",
    "RUN_FILE",
    "TIMELINE_FILE",
    "WRITES_LOST",
    "AttemptRecord",
    "CheckRecord",
    "Compared",
    "Detection",
    "Fact",
    "FaultRecord",
    "LatencyRecord",
    "LeftOver",
    "OutageRecord",
    "PhaseRecord",
    "RequestsRecord",
    "RunError",
    "RunRecord",
    "StepRecord",
    "WritesRecord",
    "build_record",
    "record_json",
    "record_schema",
    "replace_text",
    "write_run_json",
]

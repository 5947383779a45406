"""What a run leaves behind for readers: page, chart, machine-readable result."""

from harness.record import write_run_json
from harness.report.render import write_report

__all__ = ["write_report", "write_run_json"]

"""The static warning: what a linter says about the bad release before anybody has deployed it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pydantic import ValidationError

from harness.events import Forecasted
from harness.model import Forecast
from harness.runner.acting import run_steps
from harness.runner.session import Session

ANSWER = "DRILL_FORECAST"
"""Variable with the file that the look writes its answer to, as JSON: ``{"reach": "destructive", "why": ["…"]}``."""


def ask_forecast(session: Session) -> None:
    """Run the scenario's static look; a look that fails or answers nothing is noted, and warns nobody."""
    step = session.scenario.forecast
    if step is None:
        return
    with tempfile.TemporaryDirectory(dir=session.run.scratch) as folder:
        file = Path(folder) / "forecast.json"
        step = step.model_copy(update={"env": {**getattr(step, "env", {}), ANSWER: str(file)}})
        failed = run_steps(session, [step], session.scope(session.scenario.bad_release(session.options.path)))
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    try:
        session.timeline.write(Forecasted(forecast=Forecast.model_validate_json(text)))
    except ValidationError as problem:
        why = failed.seen if failed else f"expected an answer in ${ANSWER}: {problem.errors()[0]['msg']}"
        session.note(f"the static look at the bad release gave no warning: {why}")

"""Whatever a phase waits for, it can be ended."""

import os
import signal
import threading

import pytest

from harness.errors import Interrupted, TimeLimit
from harness.limits import on_signals, raise_interrupted, time_limit, wait_until


def test_a_block_that_hangs_is_ended_with_the_name_of_what_hung():
    with (
        pytest.raises(TimeLimit, match=r"phase 'detect' did not end within its 0\.05 s"),
        time_limit(0.05, "phase 'detect'"),
    ):
        threading.Event().wait(30)


def test_no_alarm_survives_its_block():
    with time_limit(30, "nothing"):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM"), (signal.SIGHUP, "SIGHUP")]
)
def test_signals_become_interrupts_and_handlers_are_put_back(number, said):
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=said), on_signals(raise_interrupted):
        os.kill(os.getpid(), number)
        threading.Event().wait(5)
    assert signal.getsignal(number) is before


def test_wait_until_gives_the_answer_or_none():
    answers = iter([None, None, "here"])
    assert wait_until(lambda: next(answers), timeout=5) == "here"
    assert wait_until(lambda: None, timeout=0.01) is None


def test_no_library_can_swallow_an_interrupt():
    def library():
        try:
            os.kill(os.getpid(), signal.SIGINT)
            threading.Event().wait(5)
        except Exception as problem:
            raise ValueError("no engine answers") from problem

    with pytest.raises(Interrupted), on_signals(raise_interrupted):
        library()

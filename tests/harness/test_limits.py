"""Whatever a phase waits for, it can be ended."""

import os
import signal
import threading

import pytest

from harness.errors import Interrupted, TimeLimit
from harness.limits import Interrupts, on_signals, time_limit, wait_until


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
    with pytest.raises(Interrupted, match=said), on_signals(Interrupts()):
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

    with pytest.raises(Interrupted), on_signals(Interrupts()):
        library()


class Finalized:
    """Gets its signal while Python ends its life."""

    def __init__(self, number):
        self.number = number

    def __del__(self):
        os.kill(os.getpid(), self.number)
        threading.Event().wait(1.5)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_inside_a_finalizer_is_not_lost():
    interrupts = Interrupts()
    with on_signals(interrupts):
        Finalized(signal.SIGINT)
        with pytest.raises(Interrupted, match="Ctrl-C"):
            interrupts.check()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_time_limit_inside_a_finalizer_comes_again():
    with pytest.raises(TimeLimit), time_limit(0.2, "phase 'provision'"):
        Finalized(signal.SIGALRM)
        threading.Event().wait(30)

"""The lead: one thread at a time has it, it can be passed on and be taken away, and it is never lost."""

import threading

import pytest

from portero.server.lead import Lead
from tests.waiting import soon


class Work:
    """Done by one thread after the other: each waits until it is told to give the lead up, or to fail."""

    def __init__(self) -> None:
        self.began: list[int] = []
        self.go = threading.Semaphore(0)
        self.fails = False
        self.lead = Lead(self)

    def __call__(self) -> None:
        self.began.append(threading.get_ident())
        self.go.acquire()
        if self.fails:
            raise RuntimeError("on demand")


def test_a_thread_is_made_for_the_lead_and_another_one_when_it_is_given_up() -> None:
    work = Work()
    assert work.lead.supply()
    assert soon(lambda: len(work.began) == 1)

    work.lead.give_up()  # as the main thread does while the first one stands still

    assert soon(lambda: len(work.began) == 2)
    assert len(set(work.began)) == 2


def test_a_thread_that_lost_the_lead_and_comes_back_waits_for_it_again() -> None:
    work = Work()
    work.lead.supply()
    assert soon(lambda: len(work.began) == 1)
    work.lead.give_up()
    assert soon(lambda: len(work.began) == 2)
    work.go.release()
    work.go.release()

    assert soon(lambda: len(work.began) >= 3)
    assert not work.lead.is_mine()


def test_an_error_at_work_costs_neither_the_lead_nor_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.lead.supply()
    assert soon(lambda: len(work.began) == 1)
    work.fails = True
    work.go.release()

    assert soon(lambda: len(work.began) == 2)
    assert "RuntimeError: on demand" in caplog.text


def test_idle_threads_beyond_a_few_end() -> None:
    work = Work()
    before = threading.active_count()
    work.lead.supply()
    for number in range(1, 20):
        assert soon(lambda number=number: len(work.began) == number)  # type: ignore[misc]
        work.lead.give_up()
    assert soon(lambda: len(work.began) == 20)
    for _ in range(19):
        work.go.release()

    assert soon(lambda: threading.active_count() - before <= 6)


@pytest.mark.parametrize(
    ("error", "said"),
    [(RuntimeError("can't start new thread"), "can't start new thread"), (MemoryError(), "no memory for a thread")],
    ids=["no room", "no memory"],
)
def test_where_no_thread_can_be_made_it_is_said_once_and_tried_again(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(thread: threading.Thread) -> None:
        raise error

    work = Work()
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", fail)
        assert not work.lead.supply()
        assert not work.lead.supply()
    assert caplog.text.count(f"requests may have to wait: {said}") == 1

    assert work.lead.supply()
    assert soon(lambda: len(work.began) == 1)

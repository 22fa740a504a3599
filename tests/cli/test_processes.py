"""Work in processes: results in order, errors as of the work itself, and no process is left behind."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.cli.processes import work_in_processes
from tests.paths import ROOT

# What other tests in this process have started and not ended yet.
OTHERS: set[int] = set()


@pytest.fixture(autouse=True)
def _several_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2})
    OTHERS.clear()
    OTHERS.update(children())


def taken(items: list[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    work_in_processes(lambda item: (item, os.getpid()), items, found.append)
    return found


def test_results_come_in_the_order_of_the_items_from_a_process_each_but_the_first() -> None:
    found = taken([*range(10)])

    assert [item for item, _ in found] == [*range(10)]
    assert found[0] == (0, os.getpid())
    assert len({process for _, process in found[1:]} - {os.getpid()}) == 9


def test_what_the_first_item_makes_ready_is_there_for_all() -> None:
    ready: list[int] = []
    found: list[int] = []

    def work(item: int) -> int:
        ready.append(item)
        return ready[0]

    work_in_processes(work, [5, 6, 7], found.append)

    assert found == [5, 5, 5]


def test_a_single_item_and_a_single_core_need_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taken([]) == []
    assert taken([7]) == [(7, os.getpid())]

    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0})
    assert taken([7, 8]) == [(7, os.getpid()), (8, os.getpid())]


@pytest.mark.parametrize(("cores", "most"), [(3, 3), (100, 8)])
def test_no_more_run_at_once_than_there_are_cores_and_never_more_than_eight(
    cores: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))

    def items() -> Iterator[int]:
        for number in range(30):
            assert len(children()) <= most
            yield number

    work_in_processes(lambda item: time.sleep(0.01), items(), lambda result: None)


def test_results_larger_than_a_pipe_arrive() -> None:
    found: list[bytes] = []
    work_in_processes(lambda item: bytes([item]) * (1 << 22), [1, 2, 3, 4, 5], found.append)

    assert [(each[0], len(each)) for each in found] == [(item, 1 << 22) for item in (1, 2, 3, 4, 5)]


def test_without_another_process_the_work_is_done_here_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked = os.fork, []

    def fork() -> int:
        asked.append(1)
        if len(asked) % 2:
            raise OSError(errno.EAGAIN, "no process")
        return real()

    monkeypatch.setattr(os, "fork", fork)
    before = descriptors()

    assert [item for item, _ in taken([*range(7)])] == [*range(7)]
    assert descriptors() == before


@pytest.mark.parametrize("cores", [1, 3])
def test_an_error_of_the_work_is_raised_and_nothing_is_left(cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    before = descriptors()

    def work(item: int) -> int:
        if item == 2:
            raise ValueError("two")
        time.sleep(0 if item < 2 else 100)
        return item

    found: list[int] = []
    with pytest.raises(ValueError, match="two"):
        work_in_processes(work, [0, 1, 2, 3, 4], found.append)

    assert (found, children(), descriptors()) == ([0, 1], set(), before)


def test_what_taking_raises_ends_all() -> None:
    def take(result: int) -> None:
        if result:
            raise KeyboardInterrupt

    def work(item: int) -> int:
        time.sleep(100 if item > 1 else 0)
        return item

    with pytest.raises(KeyboardInterrupt):
        work_in_processes(work, [0, 1, 2, 3], take)

    assert children() == set()


def test_a_process_that_is_killed_ends_the_command_with_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        work_in_processes(lambda item: item and os.kill(os.getpid(), signal.SIGKILL), [0, 1, 2], lambda result: None)

    assert (ended.value.code, children()) == (2, set())
    assert capsys.readouterr().err == (
        "portero: a process of this command ended by signal SIGKILL; try again, with more memory if it lacked some\n"
    )


PROGRAM = """
import os, signal, time
from portero.cli.processes import work_in_processes
os.sched_getaffinity = lambda pid: {0, 1}
signal.signal(signal.SIGINT, signal.default_int_handler)  # tests in the background ignore it
def work(item):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(0.3)
    return bytes(1 << 20)
work_in_processes(lambda item: item and work(item), range(100), lambda result: None)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_the_command_ends_its_processes_do(number: signal.Signals) -> None:
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(ROOT / "plugin")},
    )
    assert started.stdout is not None
    working = [int(started.stdout.readline()) for _ in range(2)]

    started.send_signal(number)

    # The standard output is open as long as any of them runs.
    working += map(int, started.stdout.read().split())
    assert started.wait() != 0
    ends = time.monotonic() + 10
    while any(map(is_running, working)) and time.monotonic() < ends:
        time.sleep(0.01)
    assert [process for process in working if is_running(process)] == []
    started.stdout.close()


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def children() -> set[int]:
    mine = Path(f"/proc/self/task/{os.getpid()}/children")
    return set(map(int, mine.read_text().split())) - OTHERS


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))

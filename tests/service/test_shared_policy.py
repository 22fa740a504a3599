"""A notice arrives as it was put up, once in each process, and never in halves."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.service.shared_policy import Bulletin, Notice
from portero.signing.manifest import Manifest

FOLDER = Path("/etc/portero/policy")
SIGNED = {FOLDER: Manifest(3, "2026-11-24T15:00:00Z", "ab" * 16, "web", {"site.json": "cd" * 32})}
NOTICE = Notice(
    "ef" * 32,
    5.25,
    6.5,
    ("a fault: with a cure",),
    SIGNED,
    {FOLDER: {"site.json": b'{"\xc3\xa4": 1}\n'}},
    ("web",),
    7.5,
    ("/etc/portero/policy/site.json",),
)


def another(policy: str, size: int = 10) -> Notice:
    return Notice(policy, 1.0, 1.0, (), {}, {FOLDER: {"site.json": b"x" * size}})


def test_a_notice_is_read_as_it_was_written() -> None:
    assert Notice.of(NOTICE.text()) == NOTICE


def test_before_the_first_notice_there_are_no_news() -> None:
    assert Bulletin().news() is None


def read_by_a_fork(bulletin: Bulletin, times: int) -> list[str]:
    """What a process that is made now finds, each time it looks."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        found = [bulletin.news() for _ in range(times)]
        os.write(write, ",".join("none" if one is None else one.policy for one in found).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(process, 0)
    with os.fdopen(read) as told:
        return told.read().split(",")


def test_a_process_reads_a_notice_once_that_was_put_up_after_it_was_made() -> None:
    board = Bulletin()
    board.put(another("before"))
    gate_read, gate_write = os.pipe()
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.read(gate_read, 1)
        found = [board.news(), board.news()]
        os.write(write, ",".join("none" if one is None else one.policy for one in found).encode())
        os._exit(0)
    board.put(another("after"))
    os.write(gate_write, b"x")
    os.waitpid(process, 0)

    assert os.read(read, 100) == b"after,none"
    for descriptor in (gate_read, gate_write, read, write):
        os.close(descriptor)


def test_what_was_put_up_before_a_process_was_made_is_no_news_to_it() -> None:
    board = Bulletin()
    board.put(another("before"))

    assert read_by_a_fork(board, 1) == ["none"]
    assert board.news() is None


@pytest.mark.parametrize("kept", [0, 1, 31, 32, 39, 40, 45, 100])
def test_half_a_notice_is_none(kept: int) -> None:
    board, reader = Bulletin(), Bulletin()
    os.dup2(board._file, reader._file)
    board.put(another("first", 1000))
    whole = os.pread(board._file, 1 << 20, 0)

    os.ftruncate(board._file, kept)
    assert reader.news() is None
    os.pwrite(board._file, whole, 0)

    news = reader.news()
    assert news is not None
    assert news.policy == "first"


def test_a_changed_byte_is_no_notice() -> None:
    board, reader = Bulletin(), Bulletin()
    os.dup2(board._file, reader._file)
    board.put(another("first"))

    os.pwrite(board._file, b"\0", 60)

    assert reader.news() is None


def test_a_shorter_notice_takes_the_place_of_a_longer_one() -> None:
    board, reader = Bulletin(), Bulletin()
    os.dup2(board._file, reader._file)
    board.put(another("long", 5000))
    board.put(another("short"))

    news = reader.news()

    assert news is not None
    assert news.policy == "short"


def wait_in_a_fork(board: Bulletin, act: Callable[[], object]) -> float:
    """Seconds that a process which is made now waits for what is put up after it was made."""
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        began = time.monotonic()
        board.wait(30.0)
        found = board.news()
        os.write(write, f"{time.monotonic() - began if found else 60}".encode())
        os._exit(0)
    time.sleep(0.2)
    act()
    os.waitpid(process, 0)
    waited = float(os.read(read, 100))
    os.close(read)
    os.close(write)
    return waited


def test_who_waits_is_woken_by_each_notice_and_by_nothing_else() -> None:
    board = Bulletin()
    for number in range(5):
        waited = wait_in_a_fork(board, lambda number=number: board.put(another(str(number))))  # type: ignore[misc]

        assert 0.15 < waited < 10


def test_several_that_wait_are_all_woken() -> None:
    board = Bulletin()
    board.put(another("first"))

    inner: list[float] = []

    outer = wait_in_a_fork(board, lambda: inner.append(wait_in_a_fork(board, lambda: board.put(another("second")))))

    assert max(outer, *inner) < 10


def test_without_news_the_wait_ends_after_its_time() -> None:
    board = Bulletin()
    board.put(another("first"))
    began = time.monotonic()

    board.wait(0.05)

    assert 0.04 < time.monotonic() - began < 5


def test_half_a_notice_wakes_nobody_in_a_busy_loop() -> None:
    board, reader = Bulletin(), Bulletin()
    os.dup2(board._file, reader._file)
    board.put(another("first"))
    os.ftruncate(board._file, 45)
    began = time.monotonic()

    reader.wait(30.0)

    assert 0.05 < time.monotonic() - began < 10
    assert reader.news() is None

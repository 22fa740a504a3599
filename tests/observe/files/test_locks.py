"""File locks: one descriptor at a time, free again when it is closed."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.observe.files.locks import is_rotated, lock_folder


@pytest.fixture
def descriptor(tmp_path: Path) -> Iterator[int]:
    """Another opening of the folder."""
    opened = os.open(tmp_path, os.O_RDONLY)
    yield opened
    os.close(opened)


def try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_a_locked_folder_is_free_again_at_the_end_and_nothing_is_left_in_it(tmp_path: Path, descriptor: int) -> None:
    with lock_folder(tmp_path):
        assert not try_lock(descriptor)

    assert try_lock(descriptor)
    assert [*tmp_path.iterdir()] == []


def test_a_folder_that_another_holds_is_given_up_after_the_time(tmp_path: Path, descriptor: int) -> None:
    assert try_lock(descriptor)

    with pytest.raises(TimeoutError), lock_folder(tmp_path, 0.1):
        pass


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), lock_folder(tmp_path / "missing"):
        pass


def test_a_file_in_its_place_is_not_rotated_and_one_moved_replaced_or_removed_is(tmp_path: Path) -> None:
    file = tmp_path / "log"
    with file.open("ab") as opened:
        seen = [is_rotated(file, opened.fileno())]
        file.rename(tmp_path / "log.1")
        seen.append(is_rotated(file, opened.fileno()))
        file.touch()
        seen.append(is_rotated(file, opened.fileno()))
        (tmp_path / "log.1").rename(file)
        seen.append(is_rotated(file, opened.fileno()))

    assert seen == [False, True, True, False]

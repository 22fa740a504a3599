"""A file, and each link to it, counts as older than a process only when both were changed before its start."""

import os
import time
from pathlib import Path

import pytest

from portero.host.file_age import is_older

PATH = "/etc/docker/daemon.json"


def ticks() -> int:
    """Now, as /proc/PID/stat counts it."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK") // 1_000_000_000


def wait() -> int:
    """A moment later than what was changed before."""
    time.sleep(0.05)
    return ticks()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / PATH.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    return file


def test_a_file_from_before_the_start_is_older(tmp_path: Path, file: Path) -> None:
    assert is_older(str(tmp_path), PATH, wait())


def test_a_file_changed_since_is_not_whatever_its_modification_time(tmp_path: Path, file: Path) -> None:
    started = wait()
    time.sleep(0.05)
    file.write_text("{} ")
    os.utime(file, (0, 0))

    assert not is_older(str(tmp_path), PATH, started)


def test_a_file_put_in_its_place_since_is_not(tmp_path: Path, file: Path) -> None:
    other = file.with_name("other.json")
    other.write_text("{}")
    started = wait()
    time.sleep(0.05)
    other.replace(file)

    assert not is_older(str(tmp_path), PATH, started)


def test_a_link_from_before_the_start_is_older_with_its_target(tmp_path: Path, file: Path) -> None:
    file.rename(tmp_path / "settings.json")
    file.symlink_to("/settings.json")

    assert is_older(str(tmp_path), PATH, wait())


def test_a_link_changed_since_is_not(tmp_path: Path, file: Path) -> None:
    file.rename(tmp_path / "settings.json")
    started = wait()
    time.sleep(0.05)
    file.symlink_to("/settings.json")

    assert not is_older(str(tmp_path), PATH, started)


def test_a_folder_that_is_a_link_since_is_not(tmp_path: Path, file: Path) -> None:
    file.parent.rename(tmp_path / "etc" / "real")
    started = wait()
    time.sleep(0.05)
    (tmp_path / "etc" / "docker").symlink_to("real")

    assert not is_older(str(tmp_path), PATH, started)


def test_a_file_that_is_gone_is_not(tmp_path: Path) -> None:
    assert not is_older(str(tmp_path), PATH, wait())

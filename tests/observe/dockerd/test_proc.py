"""What /proc shows of a dockerd; what could not be read is an error, what may not be looked into is not seen."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.observe.dockerd.proc import is_older

# A file, and each link to it, is older than a process only when both were changed before its start.
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


def edit(root: Path, file: Path) -> None:
    file.write_text("{} ")
    os.utime(file, (0, 0))


def put_another(root: Path, file: Path) -> None:
    (root / "other.json").replace(file)


def link(root: Path, file: Path) -> None:
    file.rename(root / "settings.json")
    file.symlink_to("/settings.json")


def link_folder(root: Path, file: Path) -> None:
    file.parent.rename(root / "etc" / "real")
    file.parent.symlink_to("real")


def keep(root: Path, file: Path) -> None:
    pass


def remove(root: Path, file: Path) -> None:
    shutil.rmtree(root / "etc")


@pytest.mark.parametrize(("change", "older"), [(keep, True), (link, True), (remove, False)])
def test_a_file_and_its_link_from_before_the_start_are_older(
    tmp_path: Path, file: Path, change: Callable[[Path, Path], None], older: bool
) -> None:
    change(tmp_path, file)

    assert is_older(str(tmp_path), PATH, wait()) is older


@pytest.mark.parametrize("change", [edit, put_another, link, link_folder])
def test_a_file_changed_since_is_not_whatever_its_modification_time(
    tmp_path: Path, file: Path, change: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "other.json").write_text("{}")
    started = wait()
    time.sleep(0.05)
    change(tmp_path, file)

    assert not is_older(str(tmp_path), PATH, started)

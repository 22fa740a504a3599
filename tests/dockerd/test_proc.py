"""What /proc shows of a dockerd; what could not be read is an error, what may not be looked into is not seen."""

import errno
import os
import re
import time
from pathlib import Path
from typing import Any

import pytest

from portero.dockerd.proc import DockerdIdentity, identify_dockerd, is_older, read_dockerd
from tests.host.proc_tree import dockerd, fail_at, process
from tests.host.test_listening_sockets import FAILURES

IDENTITY = DockerdIdentity(7, 22)


def test_a_dockerd_is_known_by_its_program_and_its_start(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)

    assert identify_dockerd(7, tmp_path) == IDENTITY


def test_a_dockerd_whose_program_was_replaced_by_an_upgrade_is_one(tmp_path: Path) -> None:
    exe = dockerd(tmp_path, 7) / "exe"
    exe.unlink()
    exe.symlink_to("/usr/bin/dockerd (deleted)")

    assert identify_dockerd(7, tmp_path) == IDENTITY


def test_a_process_that_only_has_the_name_is_none(tmp_path: Path) -> None:
    exe = dockerd(tmp_path, 7) / "exe"
    exe.unlink()
    exe.symlink_to("/usr/bin/python3.11")

    assert identify_dockerd(7, tmp_path) is None
    assert identify_dockerd(os.getpid()) is None


def test_a_process_that_has_ended_is_none(tmp_path: Path) -> None:
    assert identify_dockerd(7, tmp_path) is None
    assert read_dockerd(IDENTITY, tmp_path) is None


def test_a_process_that_may_not_be_looked_into_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dockerd(tmp_path, 7)
    fail_at(monkeypatch, folder / "ns" / "user", errno.EACCES)
    assert read_dockerd(IDENTITY, tmp_path) is None

    fail_at(monkeypatch, folder / "exe", errno.EACCES)
    assert identify_dockerd(7, tmp_path) is None


def test_the_command_line_the_environment_and_the_open_files_are_read(tmp_path: Path) -> None:
    dockerd(tmp_path, 7, "--icc", "-H", "fd://", environment={"HOME": "/root", "X": "a=b"}, files=("/srv/d",), uid=5)
    running = read_dockerd(IDENTITY, tmp_path)

    assert running is not None
    assert running.arguments == ("--icc", "-H", "fd://")
    assert running.environment == {"HOME": "/root", "X": "a=b"}
    assert running.open_files == ("/srv/d",)
    assert (running.uid, running.root_uid, running.root, running.folder) == (5, 0, "/", "/")


def test_an_environment_may_be_empty(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)
    running = read_dockerd(IDENTITY, tmp_path)

    assert running is not None
    assert (running.environment, running.arguments) == ({}, ())


def test_in_a_user_namespace_of_its_own_root_is_who_the_map_shows(tmp_path: Path) -> None:
    dockerd(tmp_path, 7, uid_map="         1     100000      65536\n         0       1000          1\n")
    running = read_dockerd(IDENTITY, tmp_path)

    assert running is not None
    assert running.root_uid == 1000


def test_a_map_without_root_is_an_error(tmp_path: Path) -> None:
    dockerd(tmp_path, 7, uid_map="         1     100000      65536\n")

    with pytest.raises(OSError, match="shows no root"):
        read_dockerd(IDENTITY, tmp_path)


def test_in_a_mount_namespace_of_its_own_the_files_are_below_its_root(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7, own_files=True)
    running = read_dockerd(IDENTITY, tmp_path)

    assert running is not None
    assert running.root == str(folder / "root")


def test_a_process_id_that_is_used_again_while_it_is_read_is_none(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)

    assert read_dockerd(DockerdIdentity(7, 21), tmp_path) is None


def test_a_file_that_was_closed_while_they_were_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dockerd(tmp_path, 7, files=("/srv/a", "/srv/b"))
    fail_at(monkeypatch, folder / "fd" / "100", errno.ENOENT)
    running = read_dockerd(IDENTITY, tmp_path)

    assert running is not None
    assert running.open_files == ("/srv/b",)


@pytest.mark.parametrize("number", FAILURES, ids=errno.errorcode.get)
@pytest.mark.parametrize("place", ["exe", "stat", "status", "ns/mnt", "cwd", "fd", "fd/100", "cmdline", "environ"])
def test_any_other_failure_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, number: int
) -> None:
    folder = dockerd(tmp_path, 7, files=("/srv/a",))
    fail_at(monkeypatch, folder / place, number)

    with pytest.raises(OSError, match=re.escape(os.strerror(number))):
        read_dockerd(IDENTITY, tmp_path)


def test_a_status_without_a_user_is_an_error(tmp_path: Path) -> None:
    (dockerd(tmp_path, 7) / "status").write_text("Name:\tdockerd\n")

    with pytest.raises(OSError, match="shows no user"):
        read_dockerd(IDENTITY, tmp_path)


def test_a_name_that_is_not_in_utf_8_hides_no_dockerd(tmp_path: Path) -> None:
    stat = dockerd(tmp_path, 7) / "stat"
    stat.write_bytes(stat.read_bytes().replace(b"(a b)", b"(a\xff)"))

    assert identify_dockerd(7, tmp_path) == IDENTITY


def test_another_process_is_no_dockerd(tmp_path: Path) -> None:
    folder: Any = process(tmp_path, 7, "dockerd", "")
    (folder / "exe").symlink_to("/usr/bin/nginx")

    assert identify_dockerd(7, tmp_path) is None


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

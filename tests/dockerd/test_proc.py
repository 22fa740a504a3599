"""What /proc shows of a dockerd; what could not be read is an error, what may not be looked into is not seen."""

import errno
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.dockerd.proc import DockerdIdentity, RunningDockerd, identify_dockerd, is_older, read_dockerd
from tests.host.proc_tree import dockerd, fail_at
from tests.host.test_sockets import FAILURES

IDENTITY = DockerdIdentity(7, 22)


def read(proc: Path) -> RunningDockerd:
    """Process 7, which is there."""
    running = read_dockerd(IDENTITY, proc)
    assert running is not None
    return running


def test_a_dockerd_is_known_by_its_program_and_its_start(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)

    assert identify_dockerd(7, tmp_path) == IDENTITY


@pytest.mark.parametrize(
    ("program", "identity"),
    [("/usr/bin/dockerd (deleted)", IDENTITY), ("/usr/bin/python3.11", None), ("/usr/bin/nginx", None)],
    ids=["replaced by an upgrade", "only has the name", "another"],
)
def test_a_program_makes_a_process_a_dockerd_and_not_its_name(
    tmp_path: Path, program: str, identity: DockerdIdentity | None
) -> None:
    exe = dockerd(tmp_path, 7) / "exe"
    exe.unlink()
    exe.symlink_to(program)

    assert identify_dockerd(7, tmp_path) == identity


def test_this_process_is_no_dockerd() -> None:
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
    running = read(tmp_path)

    assert running.arguments == ("--icc", "-H", "fd://")
    assert running.environment == {"HOME": "/root", "X": "a=b"}
    assert running.open_files == ("/srv/d",)
    assert (running.uid, running.root_uid, running.root, running.folder) == (5, 0, "/", "/")


def test_an_environment_may_be_empty(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)
    running = read(tmp_path)

    assert (running.environment, running.arguments) == ({}, ())


def test_in_a_user_namespace_of_its_own_root_is_who_the_map_shows(tmp_path: Path) -> None:
    dockerd(tmp_path, 7, uid_map="         1     100000      65536\n         0       1000          1\n")

    assert read(tmp_path).root_uid == 1000


def test_a_map_without_root_is_an_error(tmp_path: Path) -> None:
    dockerd(tmp_path, 7, uid_map="         1     100000      65536\n")

    with pytest.raises(OSError, match="shows no root"):
        read_dockerd(IDENTITY, tmp_path)


def test_in_a_mount_namespace_of_its_own_the_files_are_below_its_root(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7, own_files=True)

    assert read(tmp_path).root == str(folder / "root")


def test_a_process_id_that_is_used_again_while_it_is_read_is_none(tmp_path: Path) -> None:
    dockerd(tmp_path, 7)

    assert read_dockerd(DockerdIdentity(7, 21), tmp_path) is None


def test_a_file_that_was_closed_while_they_were_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = dockerd(tmp_path, 7, files=("/srv/a", "/srv/b"))
    fail_at(monkeypatch, folder / "fd" / "100", errno.ENOENT)

    assert read(tmp_path).open_files == ("/srv/b",)


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


def edit(root: Path, file: Path) -> None:
    file.write_text("{} ")
    os.utime(file, (0, 0))


def replace(root: Path, file: Path) -> None:
    (root / "other.json").replace(file)


def link(root: Path, file: Path) -> None:
    file.rename(root / "settings.json")
    file.symlink_to("/settings.json")


def link_folder(root: Path, file: Path) -> None:
    file.parent.rename(root / "etc" / "real")
    file.parent.symlink_to("real")


@pytest.mark.parametrize("change", [edit, replace, link, link_folder])
def test_a_file_changed_since_is_not_whatever_its_modification_time(
    tmp_path: Path, file: Path, change: Callable[[Path, Path], None]
) -> None:
    (tmp_path / "other.json").write_text("{}")
    started = wait()
    time.sleep(0.05)
    change(tmp_path, file)

    assert not is_older(str(tmp_path), PATH, started)


def test_a_link_from_before_the_start_is_older_with_its_target(tmp_path: Path, file: Path) -> None:
    link(tmp_path, file)

    assert is_older(str(tmp_path), PATH, wait())


def test_a_file_that_is_gone_is_not(tmp_path: Path) -> None:
    assert not is_older(str(tmp_path), PATH, wait())

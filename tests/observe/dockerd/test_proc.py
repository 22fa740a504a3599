"""What /proc shows of a dockerd; what could not be read is an error, what may not be looked into is not seen."""

import dataclasses
import errno
import os
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.observe.dockerd.proc import RunningDockerd, identify_dockerd, is_older, read_dockerd
from tests.observe.host.proc_tree import dockerd, fail_at
from tests.observe.host.test_sockets import FAILURES

IDENTITY = DockerdIdentity(7, 22)


def read(proc: Path) -> RunningDockerd:
    """Process 7, which is there."""
    running = read_dockerd(IDENTITY, proc)
    assert running is not None
    return running


@pytest.mark.parametrize(
    ("program", "identity"),
    [
        ("/usr/bin/dockerd", IDENTITY),
        ("/usr/bin/dockerd (deleted)", IDENTITY),
        ("/usr/bin/python3.11", None),
        ("/usr/bin/nginx", None),
    ],
    ids=["dockerd", "replaced by an upgrade", "only has the name", "another"],
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


def test_a_process_that_may_not_be_looked_into_is_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = dockerd(tmp_path, 7)
    fail_at(monkeypatch, folder / "ns" / "user", errno.EACCES)
    assert read_dockerd(IDENTITY, tmp_path) is None

    fail_at(monkeypatch, folder / "exe", errno.EACCES)
    assert identify_dockerd(7, tmp_path) is None


EMPTY = RunningDockerd(IDENTITY, 0, 0, "/", "/", (), (), {})
# Its own root is user 1000 of the host.
UID_MAP = "         1     100000      65536\n         0       1000          1\n"


@pytest.mark.parametrize(
    ("flags", "shown", "expected"),
    [
        ((), {}, {}),
        (("--icc", "-H", "fd://"), {}, {"arguments": ("--icc", "-H", "fd://")}),
        ((), {"environment": {"HOME": "/root", "X": "a=b"}}, {"environment": {"HOME": "/root", "X": "a=b"}}),
        ((), {"files": ("/srv/d",)}, {"open_files": ("/srv/d",)}),
        ((), {"uid": 5}, {"uid": 5}),
        ((), {"uid_map": UID_MAP}, {"root_uid": 1000}),
    ],
    ids=["nothing", "command line", "environment", "open files", "user", "root in a user namespace of its own"],
)
def test_what_a_process_shows_is_read(
    tmp_path: Path, flags: tuple[str, ...], shown: dict[str, Any], expected: dict[str, Any]
) -> None:
    dockerd(tmp_path, 7, *flags, **shown)

    assert read(tmp_path) == dataclasses.replace(EMPTY, **expected)


@pytest.mark.parametrize(
    ("file", "text", "error"),
    [
        ("uid_map", "         1     100000      65536\n", "shows no root"),
        ("status", "Name:\tdockerd\n", "shows no user"),
    ],
)
def test_a_file_that_does_not_say_it_is_an_error(tmp_path: Path, file: str, text: str, error: str) -> None:
    (dockerd(tmp_path, 7, uid_map=UID_MAP) / file).write_text(text)

    with pytest.raises(OSError, match=error):
        read_dockerd(IDENTITY, tmp_path)


def test_in_a_mount_namespace_of_its_own_the_files_are_below_its_root(tmp_path: Path) -> None:
    folder = dockerd(tmp_path, 7, own_files=True)

    assert read(tmp_path).root == str(folder / "root")


def test_a_process_that_has_ended_or_whose_id_is_used_again_is_none(tmp_path: Path) -> None:
    assert identify_dockerd(7, tmp_path) is None
    assert read_dockerd(IDENTITY, tmp_path) is None

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

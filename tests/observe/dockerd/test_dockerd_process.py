"""One dockerd as /proc shows it: its ID in, command line, environment, user and files out.

OSError: the process is there and could not be read. None: it has ended, or may not be looked into.
"""

import dataclasses
import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from portero.decide.interfaces.daemon import DockerdIdentity
from portero.observe.dockerd.dockerd_process import RunningDockerd, identify_dockerd, read_dockerd
from tests.observe.host.proc_tree import dockerd, fail_at
from tests.observe.host.test_sockets import FAILURES

# Its own root is user 1000 of the host.
UID_MAP = "         1     100000      65536\n         0       1000          1\n"
IDENTITY = DockerdIdentity(7, 22)
EMPTY = RunningDockerd(IDENTITY, 0, 0, "/", "/", (), (), {})


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

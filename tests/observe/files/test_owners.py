"""Who can replace an entry of a folder: owner, mode, ACL, sticky bit."""

import errno
import os
import stat
import struct
from pathlib import Path

import pytest

from portero.observe.files.owners import AccountNames, Owners, UnseenOwner, Writer, sees_all_users
from portero.observe.files.symlinks import HostWalk
from tests.failing import fail_with

EVERYBODY, ALICIA, STAFF = Writer("everybody"), Writer("user", 1000), Writer("group", 50)
ALL = Owners(whole=True)


def file(mode: int, uid: int = 0, gid: int = 0) -> os.stat_result:
    return os.stat_result((mode, 1, 1, 1, uid, gid, 0, 0, 0, 0))


def folder(mode: int, uid: int = 0, gid: int = 0) -> os.stat_result:
    return file(stat.S_IFDIR | mode, uid, gid)


def acl(*entries: tuple[int, int, int]) -> bytes:
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def fail_acl(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the reading of an ACL end in this error."""
    monkeypatch.setattr(os, "getxattr", fail_with(number))


@pytest.fixture(autouse=True)
def no_acl(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_acl(monkeypatch, errno.ENODATA)


@pytest.mark.parametrize(
    ("above", "entry", "expected"),
    [
        (folder(0o755), file(0o644, 1000), set()),
        (folder(0o755, 1000), file(0o644), {ALICIA}),
        (folder(0o500, 1000), file(0o644), {ALICIA}),
        (folder(0o775, 0, 50), file(0o644), {STAFF}),
        (folder(0o775), file(0o644), set()),
        (folder(0o777), file(0o644), {EVERYBODY}),
        (folder(0o1777), file(0o644), set()),
        (folder(0o1777), file(0o644, 1000), {ALICIA}),
        (folder(0o1777, 1000), file(0o644), {ALICIA}),
        (folder(0o1777), None, {EVERYBODY}),
        (folder(0o755), None, set()),
    ],
)
def test_owner_mode_and_sticky_bit_tell_who_can_replace_an_entry(
    above: os.stat_result, entry: os.stat_result | None, expected: set[Writer]
) -> None:
    assert ALL.list_writers("/x", above, entry) == expected


@pytest.mark.parametrize(
    ("entries", "mode", "expected"),
    [
        ([(0x01, 7, 0), (0x02, 7, 1000), (0x04, 5, 0), (0x10, 7, 0), (0x20, 5, 0)], 0o775, {ALICIA}),
        ([(0x02, 5, 1000), (0x04, 7, 0), (0x08, 7, 50), (0x10, 7, 0)], 0o775, {STAFF, Writer("group", 7)}),
        ([(0x02, 7, 0), (0x04, 5, 0), (0x10, 7, 0)], 0o775, set()),
        ([(0x02, 2, 1000), (0x02, 5, 1001), (0x08, 4, 8), (0x08, 6, 50)], 0o775, {ALICIA, STAFF}),
        # Its mask forbids writing, and it is not asked for.
        ([(0x02, 7, 1000)], 0o755, set()),
    ],
)
def test_entries_of_an_acl_that_may_write_count(
    monkeypatch: pytest.MonkeyPatch, entries: list[tuple[int, int, int]], mode: int, expected: set[Writer]
) -> None:
    monkeypatch.setattr(os, "getxattr", lambda path, name, follow_symlinks: acl(*entries))

    assert ALL.list_writers("/x", folder(mode, 0, 7), None) == expected


def test_an_acl_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_acl(monkeypatch, errno.EIO)

    with pytest.raises(OSError, match="Input"):
        ALL.list_writers("/x", folder(0o775), None)


@pytest.mark.parametrize("number", [errno.ENODATA, errno.EOPNOTSUPP])
def test_without_an_acl_the_group_counts(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fail_acl(monkeypatch, number)

    assert ALL.list_writers("/x", folder(0o775, 0, 50), None) == {STAFF}


@pytest.mark.parametrize(
    ("uid_map", "all_users"),
    [
        ("         0          0 4294967295\n", True),
        *((f"{numbers}\n", False) for numbers in ("0 100000 65536", "0 1 4294967295", "1 0 4294967295", "")),
    ],
)
def test_only_the_first_user_namespace_has_a_number_for_every_user(
    tmp_path: Path, uid_map: str, all_users: bool
) -> None:
    (tmp_path / "uid_map").write_text(uid_map)

    assert sees_all_users(tmp_path / "uid_map") is all_users


def test_accounts_that_count_as_root_are_none_of_them() -> None:
    assert Owners(frozenset({0, 1000}), whole=True).list_writers("/x", folder(0o755, 1000), None) == set()


def test_an_owner_without_a_number_here_is_unseen_where_not_all_have_one() -> None:
    with pytest.raises(UnseenOwner):
        Owners(whole=False).list_writers("/x", folder(0o755, 65534), None)
    with pytest.raises(UnseenOwner):
        Owners(whole=False).list_writers("/x", folder(0o775, 0, 65534), None)
    assert ALL.list_writers("/x", folder(0o755, 65534), None) == {Writer("user", 65534)}


def test_a_real_acl_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "x").mkdir(mode=0o755)
    entries = [(0x01, 7, 0xFFFFFFFF), (0x02, 7, 4321), (0x04, 5, 0xFFFFFFFF), (0x10, 7, 0xFFFFFFFF)]
    try:
        os.setxattr(tmp_path / "x", "system.posix_acl_access", acl(*entries, (0x20, 5, 0xFFFFFFFF)))
    except OSError as error:
        pytest.skip(f"no ACLs here: {error}")

    local = str(tmp_path / "x")
    mine = Owners(frozenset({0, os.getuid()}), whole=True)
    assert mine.list_writers(local, os.lstat(local), None) == {Writer("user", 4321)}


FILES = {
    "passwd": "root:x:0:0::/root:/bin/sh\nalicia:x:1000:1000::/home/alicia:/bin/sh\nother:x:1000:1::/:\nbad\n",
    "group": "root:x:0:\nstaff:x:50:\nshort:x:52\nodd\x1b:x:53:\nbad:x\n",
}


@pytest.mark.parametrize(
    ("writer", "expected"),
    [
        (Writer("user", 1000), "user alicia (1000)"),
        (Writer("user", 1001), "user 1001"),
        (Writer("group", 50), "members of group staff (50)"),
        (Writer("group", 51), "members of group 51"),
        (Writer("group", 52), "members of group short (52)"),
        (Writer("group", 53), "members of group 53"),
        (Writer("everybody"), "any user"),
    ],
)
def test_an_account_is_shown_by_name_and_number(tmp_path: Path, writer: Writer, expected: str) -> None:
    (tmp_path / "etc").mkdir()
    for name, text in FILES.items():
        (tmp_path / "etc" / name).write_text(text)

    assert AccountNames(HostWalk(str(tmp_path))).describe(writer) == expected


def test_without_the_files_numbers_are_shown(tmp_path: Path) -> None:
    assert AccountNames(HostWalk(str(tmp_path))).describe(Writer("user", 1000)) == "user 1000"

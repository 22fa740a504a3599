"""Who can replace an entry of a folder: owner, mode and ACL of the folder and of the entry in, Writers out.

Root, and the accounts that count as root, are never among them. Names of the others are read from the host's
/etc/passwd and /etc/group, for messages: nothing is decided by them. A directory service has more accounts; those are
shown by their numbers.
"""

import errno
import os
import stat
import struct
from collections.abc import Iterator, Set
from functools import cached_property
from pathlib import Path
from typing import Literal

from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.errors import PorteroError
from portero.observe.files.symlinks import HostWalk

ROOT = frozenset({0})
# What an owner looks like that has no number in this user namespace (kernel/sysctl.c, overflowuid).
_OVERFLOW = 65534
_WHOLE_MAP = ["0", "0", "4294967295"]

_ACL = "system.posix_acl_access"
# No ACL; a file system that has none.
_NO_ACL = frozenset({errno.ENODATA, errno.EOPNOTSUPP})
# include/uapi/linux/posix_acl_xattr.h: a version of 4 bytes, then tag, permissions and ID of each entry.
_ACL_ENTRIES = struct.Struct("<HHI")
_ACL_VERSION_SIZE = 4
# include/uapi/linux/posix_acl.h
_ACL_USER, _ACL_GROUP_OWNER, _ACL_GROUP = 0x02, 0x04, 0x08
_WRITE = 2
_SHARED = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Writer:
    """An account that can replace an entry. `id`: of the user or group; -1 for everybody."""

    kind: Literal["user", "group", "everybody"]
    id: int = -1


_NO_WRITER = frozenset[Writer]()


class UnseenOwner(PorteroError):
    """The user namespace of this process has no number for an owner, so the owner is unknown."""


def is_roots_alone(folder: os.stat_result) -> bool:
    """Whether root owns a folder and does not share it, as with most folders on the way to a source."""
    return folder.st_uid == 0 and not folder.st_mode & _SHARED


@dataclass(frozen=True, slots=True)
class Owners:
    """Judges owners. `root`: the numbers of the accounts that count as root. `whole`: every user has a number here."""

    root: Set[int] = ROOT
    whole: bool = field(default_factory=lambda: sees_all_users())

    def list_writers(self, local: str, folder: os.stat_result, entry: os.stat_result | None) -> frozenset[Writer]:
        """Who can replace an entry of a folder, `None`: one that is not there. `local`: where the folder is opened.

        Raises UnseenOwner, and OSError when the ACL cannot be read.
        """
        if is_roots_alone(folder):
            return _NO_WRITER
        writers = set(self._list_users(folder.st_uid))
        shared = set(self._list_shared(local, folder))
        if shared and folder.st_mode & stat.S_ISVTX and entry is not None:
            # In a sticky folder an entry is replaced by its owner and the owner of the folder alone.
            shared = set(self._list_users(entry.st_uid))
        return frozenset(writers | shared)

    def _list_users(self, uid: int) -> Iterator[Writer]:
        if uid == _OVERFLOW and not self.whole:
            raise UnseenOwner
        if uid not in self.root:
            yield Writer("user", uid)

    def _list_shared(self, local: str, folder: os.stat_result) -> Iterator[Writer]:
        """Those that may write beside the owner."""
        if folder.st_mode & stat.S_IWOTH:
            yield Writer("everybody")
        if folder.st_mode & stat.S_IWGRP:
            # With an ACL this bit is the mask: without it no entry grants writing.
            acl = _read_acl(local)
            if acl is None:
                yield from self._list_group(folder.st_gid)
            else:
                yield from self._list_granted(acl, folder)

    def _list_granted(self, acl: bytes, folder: os.stat_result) -> Iterator[Writer]:
        for tag, permissions, id in _ACL_ENTRIES.iter_unpack(acl[_ACL_VERSION_SIZE:]):
            if not permissions & _WRITE:
                continue
            if tag == _ACL_USER:
                yield from self._list_users(id)
            elif tag == _ACL_GROUP:
                yield from self._list_group(id)
            elif tag == _ACL_GROUP_OWNER:
                yield from self._list_group(folder.st_gid)

    def _list_group(self, gid: int) -> Iterator[Writer]:
        if gid == _OVERFLOW and not self.whole:
            raise UnseenOwner
        # Members of the group root count as root: whatever root shares with its group is theirs anyway.
        if gid != 0:
            yield Writer("group", gid)


def _read_acl(local: str) -> bytes | None:
    try:
        return os.getxattr(local, _ACL, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_ACL:
            raise
        return None


def sees_all_users(uid_map: Path = Path("/proc/self/uid_map")) -> bool:
    """Whether each user of the host has a number in this user namespace."""
    return uid_map.read_text().split() == _WHOLE_MAP


class AccountNames:
    """The local names in the files that a walk finds, read when the first is needed."""

    def __init__(self, walk: HostWalk) -> None:
        self._walk = walk

    def describe(self, writer: Writer) -> str:
        """Such as "user alicia (1000)", "members of group staff (50)", "any user"."""
        if writer.kind == "everybody":
            return "any user"
        names, words = (self._users, "user") if writer.kind == "user" else (self._groups, "members of group")
        name = names.get(str(writer.id))
        return f"{words} {writer.id}" if name is None else f"{words} {name} ({writer.id})"

    @cached_property
    def _users(self) -> dict[str, str]:
        return self._read_names("/etc/passwd")

    @cached_property
    def _groups(self) -> dict[str, str]:
        return self._read_names("/etc/group")

    def _read_names(self, path: str) -> dict[str, str]:
        """Number -> name (passwd(5), group(5)); of several names the first counts."""
        try:
            file = self._walk.local_path(self._walk.resolve(path))
            rows = [line.split(":") for line in Path(file).read_text("utf-8", "replace").splitlines()]
        except OSError:
            return {}
        return {row[2]: row[0] for row in reversed(rows) if len(row) > 2 and row[0].isprintable()}

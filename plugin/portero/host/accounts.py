"""Names of users and groups in the host's /etc/passwd and /etc/group, for messages: nothing is decided by them.

A directory service has more accounts; those are shown by their numbers.
"""

from collections.abc import Callable
from functools import cached_property, partial

from portero.host.owners import Writer
from portero.host.symlinks import HostWalk


class AccountNames:
    """The local names, read when the first is asked for. `read`: the text of a file of the host, or OSError."""

    def __init__(self, read: Callable[[str], str]) -> None:
        self._read = read

    @classmethod
    def of(cls, walk: HostWalk) -> "AccountNames":
        """Those of the files that a walk finds."""
        return cls(partial(_read, walk))

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
            rows = [line.split(":") for line in self._read(path).splitlines()]
        except OSError:
            return {}
        return {row[2]: row[0] for row in reversed(rows) if len(row) > 2 and row[0].isprintable()}


def _read(walk: HostWalk, path: str) -> str:
    with open(walk.local_path(walk.resolve(path)), encoding="utf-8", errors="replace") as file:
        return file.read()

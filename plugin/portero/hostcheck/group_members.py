"""Who may connect to Docker: names of users and groups, and the members of the group that owns its socket."""

from collections.abc import Set
from dataclasses import dataclass

from portero.dockerd.daemon import AskingDaemon
from portero.files.chroot import Files
from portero.hostcheck.fact import observed
from portero.values.json_types import Fact

DOCKERD = "dockerd"
_GROUPS, _USERS = "/etc/group", "/etc/passwd"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The local users and groups; those of a directory service are not in these files.

    The account of a rootless `daemon`, and the groups that only it is in, have the name DOCKERD.
    """

    files: Files
    daemon: AskingDaemon | None = None

    def owner(self, path: str) -> Fact:
        return observed(f"owner of {path}", lambda: self._user(self.files.stat(path).st_uid))

    def group(self, path: str) -> Fact:
        return observed(f"group of {path}", lambda: self._group(self.files.stat(path).st_gid))

    def mode(self, path: str) -> Fact:
        """The permissions of a file, in octal."""
        return observed(f"mode of {path}", lambda: f"{self.files.stat(path).st_mode & 0o7777:04o}")

    def members(self, groups: Set[str]) -> Fact:
        """The users in these groups, as a member or by primary group; none where there is no such group."""
        return observed(f"{_GROUPS} {', '.join(sorted(groups))}", lambda: [*sorted(self._members(groups))])

    def _members(self, groups: Set[str]) -> set[str]:
        rows = [row for row in self._rows(_GROUPS) if row[0] in groups]
        named = {name for row in rows for name in row[3].split(",") if name}
        numbers = {row[2] for row in rows}
        return named | {user[0] for user in self._rows(_USERS) if user[3] in numbers}

    def _user(self, number: int) -> str:
        if number == 0:
            return "root"
        if self.daemon is not None and self.daemon.rootless and number == self.daemon.uid:
            return DOCKERD
        return next((row[0] for row in self._rows(_USERS) if row[2] == str(number)), str(number))

    def _group(self, number: int) -> str:
        if self.daemon is not None and self.daemon.rootless and self._is_rootless_group(self.daemon, number):
            return DOCKERD
        return next((row[0] for row in self._rows(_GROUPS) if row[2] == str(number)), str(number))

    def _is_rootless_group(self, daemon: AskingDaemon, number: int) -> bool:
        """Whether it is a group of the daemon's user namespace (user_namespaces(7)) without other members."""
        mapped = (map(int, line.split()) for line in self.files.text(f"/proc/{daemon.pid}/gid_map").splitlines())
        if not any(first <= number < first + count for _, first, count in mapped):
            return False
        named = {row[0] for row in self._rows(_GROUPS) if row[2] == str(number)}
        names = {row[0] for row in self._rows(_USERS) if row[2] == str(daemon.uid)}
        return self._members(named) <= names

    def _rows(self, path: str) -> list[list[str]]:
        """The rows that have at least the four columns that are read here (passwd(5), group(5))."""
        rows = (line.split(":") for line in self.files.text(path).splitlines())
        return [row for row in rows if len(row) >= 4]

"""Homes and what logins run or read in them (login_entries.tsv), as text: paths in, those of logins out.

Who may write there acts as that user on the host. home_links.py finds homes and links; no file is looked at here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from portero.decide.facts.sensitive_paths import holds_login, is_of_login
from portero.decide.values.dataclass import dataclass, field
from portero.decide.values.path import is_within

# Folders of homes. That of root is judged as a sensitive path.
FOLDERS = frozenset({"/home", "/var/home"})
HOME_OF_ROOT = "/root"
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}", re.ASCII)
# A name, and where it leads.
Link: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Homes:
    """`folders`: each entry is a home, unless it is one of these. `others`: homes elsewhere, by names and real paths.

    `links`: from homes, and from what logins run or read there, to where they lead. `unseen`: homes whose links could
    not be listed. `accounts`: the local ones with a login, but for root, by their numbers.
    """

    folders: frozenset[str] = FOLDERS
    others: frozenset[str] = frozenset()
    links: tuple[Link, ...] = ()
    unseen: frozenset[str] = frozenset()
    accounts: Mapping[int, str] = field(default_factory=dict)

    def find_account(self, user: str, caller: str) -> str:
        """The account that a container's `user:group` is, by name or number as strconv reads it; not the caller's."""
        user = user.partition(":")[0]
        account = self.accounts.get(int(user), "") if _NUMBER.fullmatch(user) else user
        return account if account != caller and account in self.accounts.values() else ""

    def find_number(self, account: str) -> int | None:
        return next((number for number, name in self.accounts.items() if name == account), None)

    def find_home(self, path: str) -> str | None:
        """The home in which a cleaned absolute path lies, or which it is."""
        while path != "/":
            folder = path.rpartition("/")[0] or "/"
            if path in self.others or (folder in self.folders and path not in self.folders):
                return path
            path = folder
        return None

    def list_of_login(self, *paths: str) -> tuple[str, ...]:
        """Those that are, or hold, what a login runs or reads, or homes."""
        return tuple(sorted({path for path in paths if self._concerns_login(path)}))

    def list_unseen(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The homes of these paths whose links could not be listed."""
        if not self.unseen:
            return ()
        return tuple(
            sorted({home for home in self.unseen for path in paths if is_within(path, home) or is_within(home, path)})
        )

    def _concerns_login(self, path: str) -> bool:
        home = self.find_home(path)
        if home is not None:
            return holds_login(home, path)
        return path in self.folders or any(is_within(each, path) for each in (*self.folders - FOLDERS, *self.others))


# Where no file is seen.
NO_HOMES = Homes()


def make_homes(
    links: Mapping[str, str], others: Iterable[str], unseen: Iterable[str], accounts: Mapping[int, str]
) -> Homes:
    """The homes of a host of plain data. `links`: all of that host, each with where it leads."""
    named = Homes(others=frozenset({*others, HOME_OF_ROOT}))
    homes = {name: real for name, real in links.items() if named.find_home(name) == name}
    of_login = {
        name: real for name, real in links.items() if (home := named.find_home(name)) and is_of_login(home, name)
    }
    others = frozenset({*others, *homes.values()})
    return Homes(FOLDERS, others, (*homes.items(), *of_login.items()), frozenset(unseen), accounts)


def name_linked(resolved: str, links: Iterable[Link]) -> Iterator[str]:
    """The names under which links show a place or what lies below it."""
    for name, real in links:
        if is_within(resolved, real):
            yield name + resolved.removeprefix("" if real == "/" else real)
        elif is_within(real, resolved):
            yield name

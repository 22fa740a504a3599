"""Which paths a login of a user runs or reads: homes, their entries, and folders that hold them."""

import pytest

from portero.decide.facts.sensitive_paths import holds_login, is_of_login
from portero.observe.host.homes import FOLDERS, NO_HOMES, Homes, name_linked

HOME = "/home/alicia"
HOMES = Homes(FOLDERS | {"/home/EXAMPLE"}, frozenset({"/srv/git", "/data/carol"}), unseen=frozenset({HOME}))


@pytest.mark.parametrize(
    ("entry", "of_login", "holds"),
    [
        *((entry, True, True) for entry in (".x/y", "bin", "bin/x", "go/bin/x", "miniconda3/envs", "snap")),
        ("go", False, True),
        *((entry, False, False) for entry in ("binary", "a/.x", "shop/bin", "go/pkg")),
    ],
)
def test_dot_entries_and_listed_ones_are_a_logins(entry: str, of_login: bool, holds: bool) -> None:
    assert is_of_login(HOME, f"{HOME}/{entry}") is of_login
    assert holds_login(HOME, f"{HOME}/{entry}") is holds
    assert bool(NO_HOMES.list_of_login(f"{HOME}/{entry}")) is holds


@pytest.mark.parametrize(
    ("path", "home", "of_login"),
    [
        *((path, None, True) for path in ("/home", "/var/home", "/home/EXAMPLE", "/srv", "/data")),
        *((path, None, False) for path in ("/srv/other", "/opt")),
        *((home, home, True) for home in (HOME, "/home/EXAMPLE/alicia", "/srv/git")),
        *(("/home/EXAMPLE/alicia/.config", "/home/EXAMPLE/alicia", True), ("/srv/git/.ssh", "/srv/git", True)),
        *((f"{home}/shop", home, False) for home in (HOME, "/home/EXAMPLE/alicia", "/srv/git")),
    ],
)
def test_homes_are_found_wherever_they_are(path: str, home: str | None, of_login: bool) -> None:
    assert HOMES.find_home(path) == home
    assert HOMES.list_of_login(path, "/opt/x") == ((path,) if of_login else ())


def test_what_could_not_be_listed_counts_for_its_own_home() -> None:
    assert HOMES.list_unseen([f"{HOME}/shop", "/srv"]) == HOMES.list_unseen(["/home"]) == (HOME,)
    assert HOMES.list_unseen(["/srv", "/home/bob/shop"]) == NO_HOMES.list_unseen(["/home"]) == ()


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("/srv/dot", {f"{HOME}/.bashrc", f"{HOME}/.config"}),
        ("/srv/dot/config/git", {f"{HOME}/.config/git"}),
        ("/srv/dotted", set()),
    ],
)
def test_a_place_gets_the_names_of_the_links_to_it_and_below_it(place: str, names: set[str]) -> None:
    links = [(f"{HOME}/.bashrc", "/srv/dot/bashrc"), (f"{HOME}/.config", "/srv/dot/config")]
    assert {*name_linked(place, links)} == names


@pytest.mark.parametrize(
    ("user", "account"),
    [
        *((user, "bob") for user in ("1001", "1001:0", "+01001", "bob", "bob:dev")),
        *((user, "") for user in ("", "alicia", "1000", "1000:1001", "10001", "0x3e9", "carla", "-1", "9" * 30)),
    ],
)
def test_a_user_of_a_container_is_an_account_by_number_or_name_but_the_callers(user: str, account: str) -> None:
    homes = Homes(accounts={1000: "alicia", 1001: "bob"})

    assert homes.find_account(user, "alicia") == account
    assert (homes.find_number("bob"), homes.find_number("carla")) == (1001, None)

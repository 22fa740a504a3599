"""Links of a home lead what a login runs or reads into other folders; a folder that cannot be listed is not empty."""

import errno
import os
from pathlib import Path

import pytest

from portero.files.symlinks import HostWalk
from portero.host import home_links
from portero.host.home_links import UnseenHome, find_homes, is_of_login, list_home_links, name_linked

HOME = "/home/alicia"


@pytest.fixture
def walk(tmp_path: Path) -> HostWalk:
    home = tmp_path / "home/alicia"
    for folder in (".config/systemd/user", "dotfiles/units", "shop/data"):
        (home / folder).mkdir(parents=True)
    (home / ".bashrc").symlink_to("dotfiles/bashrc")
    (home / ".config/systemd/user/shop.service").symlink_to("/home/alicia/dotfiles/units/shop.service")
    (home / ".all").symlink_to("/home")
    (home / "current").symlink_to("shop")
    return HostWalk(str(tmp_path))


def test_the_links_that_a_login_follows_are_found_with_where_they_lead(walk: HostWalk) -> None:
    assert sorted(list_home_links(walk, HOME)) == [
        (f"{HOME}/.bashrc", f"{HOME}/dotfiles/bashrc"),
        (f"{HOME}/.config/systemd/user/shop.service", f"{HOME}/dotfiles/units/shop.service"),
    ]
    assert list_home_links(walk, "/home/nobody") == []


@pytest.mark.parametrize(
    ("place", "names"),
    [
        (f"{HOME}/dotfiles", {f"{HOME}/.bashrc", f"{HOME}/.config/systemd/user/shop.service"}),
        (f"{HOME}/dotfiles/bashrc", {f"{HOME}/.bashrc"}),
        (f"{HOME}/dotfiles/units", {f"{HOME}/.config/systemd/user/shop.service"}),
        (f"{HOME}/shop/data", set()),
    ],
)
def test_a_place_gets_the_names_of_the_links_to_it_and_below_it(walk: HostWalk, place: str, names: set[str]) -> None:
    assert {*name_linked(place, list_home_links(walk, HOME))} == names


@pytest.mark.parametrize("failure", [errno.EACCES, errno.EMFILE], ids=["closed", "failing"])
def test_a_folder_that_cannot_be_listed_is_not_empty(
    walk: HostWalk, failure: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scan(path: str) -> None:
        raise OSError(failure, "no", path)

    monkeypatch.setattr(os, "scandir", scan)
    with pytest.raises(UnseenHome if failure == errno.EACCES else OSError):
        list_home_links(walk, HOME)


def test_a_home_full_of_links_is_not_walked_to_its_end(walk: HostWalk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_links, "_MAX_LINKS", 1)
    with pytest.raises(UnseenHome):
        list_home_links(walk, HOME)


def test_dot_entries_and_bin_are_a_logins(walk: HostWalk) -> None:
    assert find_homes([f"{HOME}/shop", "/var/home/bob/.x/y", "/home", "/srv/home/x"]) == {HOME, "/var/home/bob"}
    assert [is_of_login(HOME, f"{HOME}/{path}") for path in (".x/y", "bin", "bin/x", "binary", "a/.x")] == [
        *(True, True, True),
        *(False, False),
    ]

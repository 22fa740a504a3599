"""Homes and their links are found on files that are there; what cannot be listed is not empty."""

import errno
import os
from pathlib import Path

import pytest

from portero.observe.host import home_links
from portero.observe.host.home_links import read_homes
from portero.observe.host.homes import FOLDERS, Homes

HOME = "/home/alicia"
PASSWD = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
git:x:1998:998::/srv/git:/bin/sh
postgres:x:998:998::/var/lib/postgresql:/bin/bash
web:x:997:997::/srv/web:/usr/sbin/nologin
all:x:1996:996::/:/bin/sh
alicia:x:1000:1000::/home/alicia:/bin/bash
second:x:1000:1000::/home/alicia:/bin/bash
"""


def link(root: Path, name: str, target: str) -> None:
    path = root / name.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (
        *("home/alicia/dotfiles/units", "home/alicia/shop/data", "home/shared/docs/x", "home/none", "srv/git"),
        *("home/EXAMPLE/erin/.ssh", "home/EXAMPLE/new", "home/students/2026/fred/.ssh", "data/carol", "root/keys"),
        *("etc", "srv/dotfiles"),
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "etc" / "passwd").write_text(PASSWD)
    link(tmp_path, "home/carol", "/data/carol")
    return tmp_path


def find(root: Path) -> Homes:
    return read_homes(str(root))


def links_of(root: Path, home: str = HOME) -> set[tuple[str, str]]:
    return {(name, real) for name, real in find(root).links if name.startswith(f"{home}/")}


def test_homes_are_entries_of_folders_of_homes_and_those_of_accounts(root: Path) -> None:
    homes = find(root)

    assert homes.folders == FOLDERS | {"/home/EXAMPLE", "/home/students", "/home/students/2026"}
    assert homes.others == {"/srv/git", "/data/carol"}
    assert homes.links == (("/home/carol", "/data/carol"),)
    assert homes.unseen == frozenset()
    assert homes.accounts == {1000: "alicia", 1996: "all", 1998: "git"}


def test_a_home_with_a_home_in_it_is_a_home(root: Path) -> None:
    (root / "home/alicia/backup/.ssh").mkdir(parents=True)
    (root / "home/none/.bashrc").touch()
    (root / "home/none/backup/.ssh").mkdir(parents=True)

    assert {HOME, "/home/none"}.isdisjoint(find(root).folders)


@pytest.mark.parametrize(
    ("name", "target", "reals"),
    [
        (".bashrc", "dotfiles/bashrc", {f"{HOME}/dotfiles/bashrc"}),
        (".bashrc", "/srv/dotfiles/bashrc", {"/srv/dotfiles/bashrc"}),
        (".config/systemd/user/a.wants/x.service", f"{HOME}/dotfiles/units/x", {f"{HOME}/dotfiles/units/x"}),
        (".bashrc.d/x.sh", "../dotfiles/x.sh", {f"{HOME}/dotfiles/x.sh"}),
        ("go/bin/tool", "../../shop/tool", {f"{HOME}/shop/tool"}),
        ("miniconda3", "/data/miniconda3", {"/data/miniconda3"}),
        # To itself, to the whole home, to what is judged anyway, where programs keep data, and not of a login.
        (".config/autostart", "autostart", set()),
        (".all", "/home", set()),
        (".local/bin/x", "../share/x", set()),
        (".venv/bin/python", "/usr/bin/python3", set()),
        (".cache/a/x", "../../shop", set()),
        ("current", "shop", set()),
        ("go/src", "../shop", set()),
    ],
)
def test_links_of_logins_are_found_with_where_they_lead(root: Path, name: str, target: str, reals: set[str]) -> None:
    link(root, f"{HOME}/{name}", target)

    assert links_of(root) == {(f"{HOME}/{name}", real) for real in reals}


def test_links_on_the_way_and_inside_of_linked_folders_count(root: Path) -> None:
    link(root, f"{HOME}/.profile", "a/current/profile")
    link(root, f"{HOME}/a/current", "../b")
    link(root, f"{HOME}/.config", "dotfiles/config")
    link(root, f"{HOME}/dotfiles/config/git/x", "/srv/dotfiles/x")

    assert links_of(root) == {
        (f"{HOME}/.profile", f"{HOME}/a/current"),
        (f"{HOME}/.profile", f"{HOME}/b/profile"),
        (f"{HOME}/.config", f"{HOME}/dotfiles/config"),
        (f"{HOME}/.config/git/x", f"{HOME}/dotfiles/config/git/x"),
        (f"{HOME}/.config/git/x", "/srv/dotfiles/x"),
    }


def test_links_of_root_and_of_homes_elsewhere_are_found(root: Path) -> None:
    link(root, "/root/.ssh", "keys")
    link(root, "/srv/git/.ssh", "/srv/dotfiles")
    link(root, "/data/carol/.bashrc", "dot/bashrc")

    assert links_of(root, "/root") == {("/root/.ssh", "/root/keys")}
    assert links_of(root, "/srv/git") == {("/srv/git/.ssh", "/srv/dotfiles")}
    assert ("/home/carol/.bashrc", "/data/carol/dot/bashrc") in links_of(root, "/home/carol")


@pytest.mark.parametrize("failure", [errno.EACCES, errno.EMFILE], ids=["closed", "failing"])
def test_a_home_that_cannot_be_listed_is_not_empty(root: Path, failure: int, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def fail(path: str) -> object:
        if path.endswith("/alicia"):
            raise OSError(failure, "no", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", fail)
    if failure == errno.EACCES:
        assert find(root).unseen == {HOME}
    else:
        with pytest.raises(OSError, match="no"):
            find(root)


def test_a_home_with_too_many_entries_is_unseen_and_others_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_links, "_MAX_ENTRIES", 40)
    for number in range(41):
        link(root, f"{HOME}/.x/{number}", "../dotfiles")

    assert find(root).unseen == {HOME}

"""A walk at one moment: links as in a chroot, each read once, and nothing is a socket that only looks like one."""

import os
import socket
from pathlib import Path

import pytest

from portero.hostwalk import HostWalk


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "srv").mkdir()
    (tmp_path / "srv" / "link").symlink_to("/etc")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "resolved"),
    [
        ("/", "/"),
        ("/..", "/"),
        ("/srv/../..", "/"),
        ("/srv/link", "/etc"),
        ("/srv/link/", "/etc"),
        ("//srv/./link/../srv", "/srv"),
        ("/srv/none/../link", "/etc"),
        ("/none/below", "/none/below"),
    ],
)
def test_a_path_is_walked_as_the_kernel_would(root: Path, path: str, resolved: str) -> None:
    assert HostWalk(str(root)).resolved(path) == resolved


def test_a_link_is_read_once_in_a_moment_and_anew_in_the_next(root: Path) -> None:
    walk = HostWalk(f"{root}/")
    assert walk.where("/srv/link") == "/etc"
    (root / "srv" / "link").unlink()
    (root / "srv" / "link").symlink_to("/srv")

    assert walk.where("/srv/link") == "/etc"
    assert HostWalk(f"{root}/").where("/srv/link") == "/srv"


def test_links_in_a_circle_lead_nowhere(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")

    assert HostWalk(str(root)).found("/a") == ("/a", "unknown")
    assert HostWalk(str(root)).where("/a") == "/a"


def test_a_name_that_leads_to_a_socket_is_one_and_others_are_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root / "etc")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("x.sock")
        (root / "srv" / "direct.sock").symlink_to("/etc/x.sock")
        (root / "srv" / "file.sock").write_text("")
        (root / "srv" / "dangling.sock").symlink_to("/nowhere")
        os.mkdir(root / "srv" / "folder.sock")
        walk = HostWalk(str(root))

        assert walk.is_socket("/etc", "x.sock")
        names = ("direct", "file", "dangling", "folder", "none")
        assert [name for name in names if walk.is_socket("/srv", f"{name}.sock")] == ["direct"]

"""Which dockerd is asked what exists, and at which sockets."""

import os
import stat
from dataclasses import replace
from types import SimpleNamespace

import pytest

from portero.application.daemon_addresses import list_daemon_addresses
from portero.settings.settings import Settings
from tests.dockerd.test_daemon import ROOTS, locate


def test_networks_are_asked_of_the_named_dockerd_alone() -> None:
    settings = Settings.read({}, {"docker_host": "unix:///srv/docker.sock"})

    assert list_daemon_addresses(settings, locate(ROOTS)) == ["/srv/docker.sock"]


def test_without_a_named_dockerd_the_one_that_asks_is_asked_where_it_sees_its_socket() -> None:
    daemon = replace(locate(ROOTS), pid=os.getpid(), root="/proc/7/root", hosts=("/srv/any",))

    assert next(iter(list_daemon_addresses(Settings.read({}, {}), daemon))) == "/proc/7/root/srv/any"


@pytest.mark.parametrize(
    ("uid", "kind", "addresses"),
    [
        (0, stat.S_IFSOCK, ["/run/docker.sock"]),
        (1000, stat.S_IFSOCK, []),
        (0, stat.S_IFCHR, []),  # /dev/null, where a managed plugin has no socket mounted
        (None, stat.S_IFSOCK, []),
    ],
)
def test_where_no_dockerd_asks_only_a_socket_of_root_is_believed(
    uid: int | None, kind: int, addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(path: object, **_: object) -> object:
        if uid is None:
            raise FileNotFoundError
        return SimpleNamespace(st_uid=uid, st_mode=kind)

    with monkeypatch.context() as patched:
        settings = Settings.read({}, {})
        patched.setattr(os, "stat", look)
        assert list_daemon_addresses(settings, None) == addresses

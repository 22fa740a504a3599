"""What host paths open is found alike for one path and for several."""

import pytest

from portero.facts.mount import look_up
from portero.host.fixed_host import FixedHost


@pytest.mark.parametrize("visible", [True, False])
@pytest.mark.parametrize("path", ["/", "/srv", "/var/run", "/tmp/lnk", "/run/docker.sock"])
def test_one_path_is_reported_as_several_would_be(path: str, visible: bool) -> None:
    host = FixedHost({"links": {"/tmp/lnk": "/etc"}, "visible": visible})

    assert look_up([path], "Here", host) == look_up([path, path], "Here", host)


def test_no_path_opens_nothing() -> None:
    assert look_up([], "Here", FixedHost()) == {}


def test_who_can_replace_a_source_is_reported() -> None:
    host = FixedHost({"owners": {"/srv": "user alicia (1000)"}})
    found = look_up(["/srv/a"], "HostConfig.Binds[0]", host)

    assert found["swappableBy"] == [{"who": "user alicia (1000)", "path": "/srv/a", "at": "HostConfig.Binds[0]"}]
    assert found["passes"] == ["/", "/srv"]


def test_several_paths_open_what_each_of_them_opens() -> None:
    host = FixedHost(
        {
            "kinds": {"/a": "file"},
            "links": {"/b": "/c"},
            "sockets": ["/c/docker.sock"],
            "userSockets": ["/a/agent"],
            "portero": ["/c/portero"],
            "mounts": {"/c/proc": "proc", "/a/etc": "/etc"},
        }
    )
    found = look_up(["/a", "/b"], "Here", host)

    assert (found["paths"], found["resolution"], found["kind"]) == (["/a", "/b", "/c"], "resolved", "file")
    assert (found["holds"], found["userSockets"], found["porteroFiles"]) == (
        ["/c/docker.sock"],
        ["/a/agent"],
        ["/c/portero"],
    )
    assert (found["kernelFileSystems"], found["mountsBelow"]) == (["proc"], ["/a/etc", "/c/proc"])
    assert (found["reaches"], found["passes"]) == (["/etc"], ["/"])

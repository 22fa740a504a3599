import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.host.daemon_defaults import DaemonDefaults
from portero.host.fixed import FixedHost
from portero.host.path import is_within
from portero.host.protected import Guarded
from portero.host.view import Place, is_network_id


@pytest.mark.parametrize(
    "name",
    ["pirmhqmqmoqx8ctqma9g1ipk0", "0123456789ab", "f" * 64],
    ids=["swarm", "short", "whole"],
)
def test_what_looks_like_a_network_id_is_one(name: str) -> None:
    assert is_network_id(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "host",
        "bridge",
        "backend",
        "0123456789a",
        "0123456789aB",
        "f" * 65,
        "0123456789ab\n",
        "pirmhqmqmoqx8ctqma9g1ipk0x",
    ],
)
def test_a_plain_name_is_no_network_id(name: str) -> None:
    assert not is_network_id(name)


def test_var_run_is_a_link_to_run_and_holds_the_daemons_sockets() -> None:
    place = FixedHost().look("/var/run")

    assert place == Place("/run", "directory", ("/run/containerd/containerd.sock", "/run/docker.sock"))


@pytest.mark.parametrize("path", ["/", "/run", "/var", "/run/docker.sock", "/var/run/docker.sock"])
def test_every_folder_above_a_socket_holds_it(path: str) -> None:
    assert "/run/docker.sock" in FixedHost().look(path).holds


@pytest.mark.parametrize("path", ["/srv", "/run/lock", "/run/docker.sock.old", "/runner"])
def test_a_folder_beside_a_socket_does_not_hold_it(path: str) -> None:
    assert FixedHost().look(path).holds == ()


PATHS = st.lists(st.sampled_from(["a", "ab", "b\n", "a\n/b"]), max_size=3).map(lambda parts: "/" + "/".join(parts))


@given(st.dictionaries(PATHS, PATHS, max_size=3), st.lists(PATHS, min_size=1, max_size=2))
def test_the_quick_look_at_what_is_guarded_overlooks_nothing(places: dict[str, str], folders: list[str]) -> None:
    below = {
        real
        for name, real in places.items()
        if any(is_within(path, folder) for path in (name, real) for folder in folders)
    }

    assert Guarded(places).held(*folders) == below


def test_a_daemons_socket_is_a_socket() -> None:
    assert FixedHost().look("/var/run/docker.sock").kind == "socket"


def test_kinds_are_as_the_data_says() -> None:
    host = FixedHost({"kinds": {"/dev/sda": "device", "/etc/passwd": "file"}, "links": {"/srv/disk": "/dev/sda"}})

    assert host.look("/srv/disk") == Place("/dev/sda", "device", ())
    assert host.look("/etc/passwd").kind == "file"
    assert host.look("/srv").kind == "directory"


@pytest.mark.parametrize(
    ("links", "path", "resolved"),
    [
        ({"/srv/link": "/etc"}, "/srv/link/passwd", "/etc/passwd"),
        ({"/srv/link": "../etc"}, "/srv/link", "/etc"),
        ({"/srv/link": "data"}, "/srv/link/x", "/srv/data/x"),
        ({"/a": "/b", "/b": "/c"}, "/a/x", "/c/x"),
        ({"/srv": "/data", "/srv/link": "/etc"}, "/srv/link", "/data/link"),
        ({"/srv/root": "/"}, "/srv/root/etc", "/etc"),
        ({"/srv/link": "/etc"}, "/srv/linked", "/srv/linked"),
        ({"/a": "/b", "/b": "/a"}, "/a/x", "/a/x"),
    ],
    ids=["absolute", "up", "relative", "chain", "outermost-first", "root", "whole-names", "circle"],
)
def test_links_are_followed(links: dict[str, str], path: str, resolved: str) -> None:
    assert FixedHost({"links": dict(links)}).look(path).resolved == resolved


def test_a_host_whose_files_are_not_visible_still_compares_names() -> None:
    host = FixedHost({"visible": False})

    assert host.look("/var/run") == Place(None, "unknown", ("/var/run/docker.sock",))
    assert host.look("/srv") == Place(None, "unknown", ())


def test_sockets_can_be_replaced() -> None:
    host = FixedHost({"sockets": ["/tmp/x/docker.sock"], "links": {"/tmp/x": "/srv/y"}})

    assert host.look("/tmp").holds == ("/srv/y/docker.sock",)
    assert host.look("/srv/y/docker.sock").kind == "socket"
    assert host.look("/run").holds == ()


def test_a_network_has_the_name_in_the_data_or_none() -> None:
    host = FixedHost({"networks": {"0123456789ab": "host"}})

    assert host.network("0123456789ab") == "host"
    assert host.network("ba9876543210") is None


def test_a_misspelt_part_of_a_host_is_an_error() -> None:
    with pytest.raises(ValueError, match="host: link is none of daemon, kinds, links"):
        FixedHost({"link": {}})


def test_an_unknown_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="host: a kind is one of directory"):
        FixedHost({"kinds": {"/srv": "folder"}})


def test_the_daemon_of_the_data_is_read_as_its_daemon_json() -> None:
    assert FixedHost({"daemon": {"log-driver": "syslog"}}).daemon().log_driver == "syslog"
    assert FixedHost().daemon() == DaemonDefaults()

"""A host of plain data answers as a host of files with the same content."""

import pytest

from portero.decide.interfaces.daemon import DaemonDefaults
from portero.decide.interfaces.host import HostEntry, Swap, Trace
from portero.decide.values.json_fields import JSON
from portero.observe.host.fixed_host import FixedHost


def test_var_run_is_a_link_to_run_and_holds_the_daemons_sockets() -> None:
    place = FixedHost().find_entry("/var/run")

    assert place == HostEntry("/run", "directory", ("/run/containerd/containerd.sock", "/run/docker.sock"))


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        *((path, True) for path in ("/", "/run", "/var", "/run/docker.sock", "/var/run/docker.sock")),
        *((path, False) for path in ("/srv", "/run/lock", "/run/docker.sock.old", "/runner")),
    ],
)
def test_every_folder_above_a_socket_holds_it_and_none_beside_it(path: str, holds: bool) -> None:
    found = FixedHost().find_entry(path)

    assert ("/run/docker.sock" in found.holds) is bool(found.holds) is holds
    assert (found.kind == "socket") is path.endswith("docker.sock")


def test_kinds_are_as_the_data_says() -> None:
    host = FixedHost({"kinds": {"/dev/sda": "device", "/etc/passwd": "file"}, "links": {"/srv/disk": "/dev/sda"}})

    assert host.find_entry("/srv/disk") == HostEntry("/dev/sda", "device", ())
    assert host.find_entry("/etc/passwd").kind == "file"
    assert host.find_entry("/srv").kind == "directory"


@pytest.mark.parametrize("kind", ["socket", "device", "unknown", "file"])
def test_a_way_through_what_is_no_folder_is_traced_without_a_look_at_this_machine(kind: str) -> None:
    assert FixedHost({"kinds": {"/srv/x": kind}}).trace("/srv/x/y") == Trace(passes=("/", "/srv", "/srv/x"))


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
        ({"/a": "/b", "/b": "/a"}, "/a/x", None),
    ],
    ids=["absolute", "up", "relative", "chain", "outermost-first", "root", "whole-names", "circle"],
)
def test_links_are_followed(links: dict[str, str], path: str, resolved: str | None) -> None:
    assert FixedHost({"links": dict(links)}).find_entry(path).resolved == resolved


def test_a_host_whose_files_are_not_visible_still_compares_names() -> None:
    host = FixedHost({"visible": False})

    assert host.find_entry("/var/run") == HostEntry(None, "unknown", ("/var/run/docker.sock",))
    assert host.find_entry("/srv") == HostEntry(None, "unknown", ())


def test_sockets_can_be_replaced() -> None:
    host = FixedHost({"sockets": ["/tmp/x/docker.sock"], "links": {"/tmp/x": "/srv/y"}})

    assert host.find_entry("/tmp").holds == ("/srv/y/docker.sock",)
    assert host.find_entry("/srv/y/docker.sock").kind == "socket"
    assert host.find_entry("/run").holds == ()


def test_a_name_is_its_own_unless_the_daemon_cannot_be_asked() -> None:
    asked, unasked = FixedHost({"networks": {"12d8": "host"}}), FixedHost({"networks": None})

    names = ("12d8", "mine", "z" * 25, "ba9876543210")
    assert [asked.network(name) for name in names] == ["host", "mine", None, None]
    assert [unasked.network(name) for name in ("12d8", "mine", "back-end")] == [None, None, "back-end"]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (
            {"link": {}},
            "host: link is none of accounts, containerdDevices, daemon, daemonFiles, devices, docker, homes,",
        ),
        ({"kinds": {"/srv": "folder"}}, "host: a kind is one of directory"),
    ],
    ids=["a misspelt part", "an unknown kind"],
)
def test_a_host_that_cannot_be_is_an_error(data: dict[str, JSON], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        FixedHost(data)


def test_the_daemon_of_the_data_is_read_as_its_daemon_json() -> None:
    assert FixedHost({"daemon": {"log-driver": "syslog"}}).daemon().log_driver == "syslog"
    assert FixedHost().daemon() == DaemonDefaults()


def test_sockets_of_other_users_are_named_apart() -> None:
    host = FixedHost({"userSockets": ["/home/alicia/agent"]})

    assert (host.find_entry("/home").holds, host.find_entry("/home").user_sockets) == ((), ("/home/alicia/agent",))
    assert FixedHost({"userSockets": ["/home/a"], "visible": False}).find_entry("/home").user_sockets == ("/home/a",)


def test_the_files_of_the_daemon_are_known_around_a_path() -> None:
    places = {"docker": ["/srv/docker"], "daemonFiles": ["/srv/docker.json"], "links": {"/l": "/srv/docker"}}
    host = FixedHost(places)

    assert [host.find_entry(path).docker_data for path in ("/srv", "/l/x", "/home")] == [("/srv/docker",)] * 2 + [()]
    assert [host.find_entry(path).daemon_files for path in ("/srv", "/l/x")] == [("/srv/docker.json",), ()]
    assert host.find_entry("/var/lib").docker_data == ("/var/lib/containerd", "/var/lib/docker")
    unseen = FixedHost({**places, "visible": False}).find_entry("/srv")
    assert (unseen.docker_data, unseen.daemon_files) == (("/srv/docker",), ("/srv/docker.json",))


def test_routes_and_interfaces_are_as_the_data_says() -> None:
    routes = FixedHost({"routes": ["10.0.0.0/8"], "interfaces": ["eth0"]}).routes()

    assert routes is not None
    assert ([str(network) for network in routes.ranges], routes.interfaces) == (["10.0.0.0/8"], {"eth0"})
    assert FixedHost({"visible": False}).routes() is None


def test_a_trace_passes_the_folders_of_each_way_and_no_link() -> None:
    host = FixedHost({"links": {"/srv/link": "/data/deep/x"}, "owners": {"/srv": "user 1000", "/data": "user 1001"}})

    assert host.trace("/srv/link/a") == Trace(
        ("/", "/srv", "/data", "/data/deep", "/data/deep/x"),
        (Swap("user 1000", "/srv/link"), Swap("user 1001", "/data/deep")),
    )


def test_a_trace_meets_the_mounts_of_the_data() -> None:
    host = FixedHost({"mounts": {"/srv/app/etc": "/etc", "/data": "/srv/app"}})

    assert host.trace("/srv/app") == Trace(("/", "/srv"), reaches=("/data", "/etc"), mounts_below=("/srv/app/etc",))
    assert FixedHost({"mounts": {"/srv/c/proc": "proc"}}).trace("/srv/c").kernel_types == ("proc",)
    linked = FixedHost({"mounts": {"/data": "/srv/app"}, "links": {"/srv/link": "/srv/app"}})
    assert linked.trace("/srv/link").reaches == ("/data",)
    linked = FixedHost({"mounts": {"/srv/c/proc": "proc"}, "links": {"/srv/link": "/srv/c/proc"}})
    assert linked.trace("/srv/link").kernel_types == ("proc",)
    assert FixedHost({"visible": False, "mounts": {"/srv/a": "/etc"}}).trace("/srv") == Trace()


def test_portero_s_own_files_are_written_from_above_and_from_within() -> None:
    host = FixedHost({"portero": ["/opt/portero"], "links": {"/l": "/opt"}})

    for path, written in {"/opt/portero/x": True, "/l": True, "/opt/porter": False, "/srv": False}.items():
        assert host.find_entry(path).written == ("/opt/portero",) * written

"""Who reaches dockerd: its sockets, TCP addresses, TLS, the members of its group, and daemon.json itself."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from portero.decide.values.json_fields import JSON
from portero.tools.cli.authority import make_authority
from portero.tools.hostcheck import daemon_sockets
from portero.tools.hostcheck.daemon_sockets import Accounts, list_docker_users
from portero.tools.hostcheck.fact import make_fact, make_unknown
from tests.serve.application.test_application import built
from tests.tools.hostcheck.host_tree import Host

FILE = "/etc/docker/daemon.json"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nalicia:x:1000:1000::/home/alicia:/bin/sh\nbob:x:1001:105::/home/bob:/bin/sh\n"
GROUPS = "root:x:0:\ndocker:x:105:alicia,carla\nstaff:x:50:dora\n"
of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of root")


def access(host: Host) -> Any:
    return daemon_sockets.collect_facts(host.files, host.configuration())


@pytest.fixture
def peopled(host: Host) -> Host:
    """A host with users and groups."""
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    return host


def listen(host: Host, path: str, mode: int = 0o660) -> None:
    """A socket in the tree; its path may be longer than an address, so it is bound elsewhere."""
    host.write(path, "")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(host.root / "s"))
    (host.root / "s").replace(host.at(path))
    host.at(path).chmod(mode)


@of_root
def test_the_default_socket_is_looked_at_with_owner_group_and_mode(peopled: Host) -> None:
    peopled.dockerd()
    listen(peopled, "/run/docker.sock", 0o666)

    read = {"owner": "root", "group": "root", "mode": "0666"}
    described = {name: make_fact(value, f"{name} of /run/docker.sock") for name, value in read.items()}
    assert access(peopled)["sockets"] == {"at": "/run/docker.sock", "value": {"/run/docker.sock": described}}


def test_every_socket_is_found_and_containerds_beside_them(host: Host) -> None:
    host.dockerd("-H", "fd://", "-H", "unix:///srv/engine.sock", "-H", "tcp://0.0.0.0:2376")
    host.write("/lib/systemd/system/docker.socket", "ListenStream=/run/handed.sock\nListenStream=2375\n")
    for path in ("/srv/engine.sock", "/run/handed.sock", "/run/containerd/containerd.sock", "/run/docker.sock"):
        listen(host, path)

    found = access(host)

    assert list(found["sockets"]["value"]) == [
        "/srv/engine.sock",
        "/run/handed.sock",
        "/run/containerd/containerd.sock",
    ]
    assert found["tcp"]["value"] == ["tcp://0.0.0.0:2376", "tcp://2375"]


def test_a_socket_behind_a_link_is_looked_at_once(host: Host) -> None:
    host.dockerd("-H", "unix:///var/run/docker.sock", "-H", "unix:///run/docker.sock")
    listen(host, "/run/docker.sock")
    host.link("/var/run", "/run")

    assert list(access(host)["sockets"]["value"]) == ["/run/docker.sock"]


def test_while_no_dockerd_runs_no_socket_is_there_and_its_command_line_is_unknown(host: Host) -> None:
    found = access(host)

    assert found["sockets"] == {"value": {}, "at": "/run/docker.sock"}
    assert found["tcp"]["value"] == found["tls"]["ca"]["value"] == "unknown"


@pytest.mark.parametrize("place", ["/loop/docker.sock", "/run/docker.sock"], ids=["in a circle", "missing"])
def test_a_socket_of_a_running_dockerd_that_cannot_be_seen_is_unknown(host: Host, place: str) -> None:
    host.dockerd("-H", f"unix://{place}")
    host.link("/loop", "/loop")

    assert access(host)["sockets"] == make_unknown("/run/docker.sock")


@pytest.mark.parametrize(
    ("flags", "environment", "verify"),
    [
        ((), "", False),
        (("--tlsverify",), "", True),
        (("--tlsverify=false",), "", False),
        ((), "DOCKER_TLS_VERIFY=1\0", True),
        ((), "DOCKER_TLS_VERIFY=\0", False),
    ],
)
def test_tls_is_verified_by_either(host: Host, flags: tuple[str, ...], environment: str, verify: bool) -> None:
    host.dockerd(*flags, environment=environment)

    assert access(host)["tls"]["verify"]["value"] is verify


def test_an_environment_that_cannot_be_read_leaves_tls_unknown(host: Host) -> None:
    host.dockerd()
    host.at("/proc/42/environ").unlink()

    assert access(host)["tls"]["verify"] == {"value": "unknown", "at": "dockerd's environment DOCKER_TLS_VERIFY"}


def test_credentials_are_paths_or_missing(host: Host) -> None:
    host.dockerd("--tlscacert=/etc/docker/ca.pem", environment="DOCKER_CERT_PATH=/certs\0")
    host.write("/etc/docker/ca.pem", "")
    host.write("/certs/cert.pem", "")

    tls = access(host)["tls"]

    assert tls["ca"] == {"value": "/etc/docker/ca.pem", "at": "dockerd --tlscacert"}
    assert tls["certificate"]["value"] == "/certs/cert.pem"
    assert tls["key"]["value"] == "missing"


def write_certificate(host: Host, name: str, days: int) -> None:
    host.write(f"/tls/{name}.pem", make_authority(name, days).certificate.decode())


@pytest.mark.parametrize(("authority", "server", "left"), [(30, 9, 8), (9, 30, 8)])
def test_the_days_are_of_the_certificate_that_ends_first(host: Host, authority: int, server: int, left: int) -> None:
    host.dockerd("--tlscacert=/tls/ca.pem", "--tlscert=/tls/cert.pem")
    write_certificate(host, "ca", authority)
    write_certificate(host, "cert", server)

    assert access(host)["tls"]["daysLeft"] == {"value": left, "at": "/tls/ca.pem, /tls/cert.pem"}


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_the_days_of_a_certificate_that_cannot_be_read_are_unknown(host: Host, content: str | None) -> None:
    host.dockerd("--tlscacert=/tls/ca.pem", "--tlscert=/tls/cert.pem")
    write_certificate(host, "ca", 30)
    if content is not None:
        host.write("/tls/cert.pem", content)

    assert access(host)["tls"]["daysLeft"]["value"] == "unknown"


@of_root
def test_a_rootless_dockerd_is_found_at_its_own_places(peopled: Host) -> None:
    runtime, config = "/run/user/1000", "/home/alicia/.config/docker/daemon.json"
    environment = {"ROOTLESSKIT_STATE_DIR": f"{runtime}/k", "HOME": "/home/alicia", "XDG_RUNTIME_DIR": runtime}
    peopled.dockerd(
        environment="".join(f"{name}={value}\0" for name, value in environment.items()),
        status="Uid:\t1000\t1000\t1000\t1000\n",
    )
    peopled.write("/proc/42/gid_map", "0 1000 1\n1 200000 65536\n")
    peopled.write("/etc/group", GROUPS + "alicia:x:1000:\n")
    peopled.write(config, "{}")
    os.chown(peopled.at(config), 1000, 1000)
    for path, group in ((f"{runtime}/docker.sock", 200104), (f"{runtime}/docker/containerd/containerd.sock", 105)):
        listen(peopled, path)
        os.chown(peopled.at(path), 1000, group)

    found = access(peopled)

    owners = {path: (one["owner"]["value"], one["group"]["value"]) for path, one in found["sockets"]["value"].items()}
    assert owners == {
        f"{runtime}/docker.sock": ("dockerd", "dockerd"),
        f"{runtime}/docker/containerd/containerd.sock": ("dockerd", "docker"),
    }
    assert (found["daemonJson"]["at"], found["daemonJson"]["owner"]["value"]) == (config, "dockerd")


@of_root
@pytest.mark.parametrize(
    ("flags", "members", "groups"),
    [
        ((), ["alicia", "bob", "carla"], "docker"),
        (("--group", "staff"), ["alicia", "bob", "carla", "dora"], "docker, staff"),
    ],
    ids=["the socket's group, and not root's", "the configured group too"],
)
def test_members_are_those_of_the_row_and_those_whose_own_group_it_is(
    peopled: Host, flags: tuple[str, ...], members: list[str], groups: str
) -> None:
    peopled.dockerd(*flags)
    listen(peopled, "/run/docker.sock")

    assert access(peopled)["members"] == {"value": members, "at": f"/etc/group {groups}"}


def test_members_are_unknown_where_the_groups_or_the_group_of_a_socket_are(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.dockerd()
    assert access(host)["members"]["value"] == "unknown"

    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    listen(host, "/run/docker.sock")
    monkeypatch.setattr(Accounts, "read_group", lambda self, path: make_unknown(f"group of {path}"))

    assert access(host)["members"] == {"value": "unknown", "at": "group of /run/docker.sock"}


@of_root
def test_daemon_json_has_an_owner_and_a_mode(host: Host) -> None:
    host.write(FILE, "{}", 0o664)

    assert access(host)["daemonJson"] == {
        "at": FILE,
        "owner": {"value": "root", "at": f"owner of {FILE}"},
        "mode": {"value": "0664", "at": f"mode of {FILE}"},
    }


def test_a_daemon_json_that_is_not_there_is_roots_to_make_and_one_that_cannot_be_seen_unknown(host: Host) -> None:
    assert access(host)["daemonJson"]["owner"]["value"] == "root"

    host.link(FILE, FILE)

    assert access(host)["daemonJson"]["mode"]["value"] == "unknown"


def test_members_of_group_docker_are_found_or_unknown(peopled: Host, tmp_path: Path) -> None:
    assert list_docker_users(peopled.files.outside("/"), FILE) == ["alicia", "bob", "carla"]
    assert list_docker_users(str(tmp_path), FILE) == "unknown: the groups or sockets cannot be read"


@pytest.mark.parametrize(
    ("users", "named", "warned"),
    [
        (["alicia"], ["alicia"], "alicia"),
        ("unknown", "unknown: the groups or sockets cannot be read", "users of this host (their names cannot be read)"),
    ],
)
def test_status_names_the_users_of_docker_and_warns_under_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, users: JSON, named: JSON, warned: str
) -> None:
    monkeypatch.setattr(daemon_sockets, "collect_facts", lambda *_: {"members": make_fact(users, "/etc/group")})

    told = cast(dict[str, Any], replace(built(tmp_path, host_root="/"), list_docker_users=list_docker_users).status())

    assert told["dockerUsers"] == named
    assert [warning.partition(":")[0] for warning in told["warnings"]] == [f"{warned} may use Docker"]
    assert "tasks of swarm services" in told["startedWithoutPlugin"]


def test_users_and_groups_have_names_where_the_host_knows_them(peopled: Host) -> None:
    peopled.write("/etc/group", GROUPS + "odd row\n")
    accounts = Accounts(peopled.files)

    named = accounts._name_user(1000), accounts._name_user(7), accounts._name_group(50), accounts._name_group(7)

    assert named == ("alicia", "7", "staff", "7")


def test_members_of_several_groups_are_listed_once_and_sorted(peopled: Host) -> None:
    members = Accounts(peopled.files).read_members(frozenset({"docker", "staff", "nothing"}))

    assert members == {"value": ["alicia", "bob", "carla", "dora"], "at": "/etc/group docker, nothing, staff"}

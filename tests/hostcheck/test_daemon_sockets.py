"""Who reaches dockerd: its sockets, TCP addresses, TLS, the members of its group, and daemon.json itself."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from portero.files.chroot import Files
from portero.hostcheck import daemon_sockets
from portero.hostcheck.daemon_sockets import Accounts, find_docker_users, list_docker_users
from portero.hostcheck.fact import unknown
from portero.identity.authority import make_authority
from tests.application.test_application import built
from tests.hostcheck.host_tree import Host

FILE = "/etc/docker/daemon.json"
PASSWD = "root:x:0:0:root:/root:/bin/sh\nalicia:x:1000:1000::/home/alicia:/bin/sh\nbob:x:1001:105::/home/bob:/bin/sh\n"
GROUPS = "root:x:0:\ndocker:x:105:alicia,carla\nstaff:x:50:dora\n"
of_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has files of root")


def access(host: Host) -> Any:
    return daemon_sockets.facts(host.files, host.configuration())


def listen(host: Host, path: str, mode: int = 0o660) -> None:
    """A socket in the tree; its path may be longer than an address, so it is bound from its own folder."""
    host.at(path).parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        descriptor = host.at(path).parent
        short = host.root / "s"
        listener.bind(str(short))
    short.rename(descriptor / host.at(path).name)
    host.at(path).chmod(mode)


@of_root
def test_the_default_socket_is_looked_at_with_owner_group_and_mode(host: Host) -> None:
    host.dockerd()
    host.write("/etc/group", GROUPS)
    listen(host, "/run/docker.sock", 0o666)

    sockets = access(host)["sockets"]

    assert sockets == {
        "at": "/run/docker.sock",
        "value": {
            "/run/docker.sock": {
                "owner": {"value": "root", "at": "owner of /run/docker.sock"},
                "group": {"value": "root", "at": "group of /run/docker.sock"},
                "mode": {"value": "0666", "at": "mode of /run/docker.sock"},
            }
        },
    }


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


def test_no_socket_is_there_while_nobody_listens(host: Host) -> None:
    assert access(host)["sockets"] == {"value": {}, "at": "/run/docker.sock"}


def test_tcp_addresses_are_unknown_without_a_command_line(host: Host) -> None:
    assert access(host)["tcp"]["value"] == "unknown"


def test_a_socket_folder_that_cannot_be_walked_is_unknown(host: Host) -> None:
    host.dockerd("-H", "unix:///loop/docker.sock")
    host.link("/loop", "/loop")

    assert access(host)["sockets"]["value"] == "unknown"


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
def test_tls_is_verified_by_flag_or_environment(
    host: Host, flags: tuple[str, ...], environment: str, verify: bool
) -> None:
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


@pytest.mark.parametrize(("authority", "server", "left"), [(30, 9, 8), (9, 30, 8)])
def test_the_days_are_those_of_the_certificate_that_ends_first(
    host: Host, authority: int, server: int, left: int
) -> None:
    host.dockerd("--tlscacert=/tls/ca.pem", "--tlscert=/tls/cert.pem")
    host.write("/tls/ca.pem", make_authority("ca", authority).certificate.decode())
    host.write("/tls/cert.pem", make_authority("server", server).certificate.decode())

    assert access(host)["tls"]["daysLeft"] == {"value": left, "at": "/tls/ca.pem, /tls/cert.pem"}


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_the_days_of_a_certificate_that_cannot_be_read_are_unknown(host: Host, content: str | None) -> None:
    host.dockerd("--tlscacert=/tls/ca.pem", "--tlscert=/tls/cert.pem")
    host.write("/tls/ca.pem", make_authority("ca", 30).certificate.decode())
    if content is not None:
        host.write("/tls/cert.pem", content)

    assert access(host)["tls"]["daysLeft"]["value"] == "unknown"


def test_credentials_are_unknown_without_a_command_line(host: Host) -> None:
    assert access(host)["tls"]["ca"]["value"] == "unknown"


def test_a_running_dockerd_without_a_socket_is_unknown_and_not_without_sockets(host: Host) -> None:
    host.dockerd()

    assert access(host)["sockets"] == unknown("/run/docker.sock")


@of_root
def test_a_rootless_dockerd_is_found_at_its_own_places(host: Host) -> None:
    runtime = "/run/user/1000"
    environment = {"ROOTLESSKIT_STATE_DIR": f"{runtime}/k", "HOME": "/home/alicia", "XDG_RUNTIME_DIR": runtime}
    host.dockerd(
        environment="".join(f"{name}={value}\0" for name, value in environment.items()),
        status="Uid:\t1000\t1000\t1000\t1000\n",
    )
    host.write("/proc/42/gid_map", "0 1000 1\n1 200000 65536\n")
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS + "alicia:x:1000:\n")
    host.write("/home/alicia/.config/docker/daemon.json", "{}")
    os.chown(host.at("/home/alicia/.config/docker/daemon.json"), 1000, 1000)
    for path, group in ((f"{runtime}/docker.sock", 200104), (f"{runtime}/docker/containerd/containerd.sock", 105)):
        listen(host, path)
        os.chown(host.at(path), 1000, group)

    found = access(host)

    owners = {path: (one["owner"]["value"], one["group"]["value"]) for path, one in found["sockets"]["value"].items()}
    assert owners == {
        f"{runtime}/docker.sock": ("dockerd", "dockerd"),
        f"{runtime}/docker/containerd/containerd.sock": ("dockerd", "docker"),
    }
    assert found["daemonJson"]["at"] == "/home/alicia/.config/docker/daemon.json"
    assert found["daemonJson"]["owner"]["value"] == "dockerd"


@of_root
def test_members_are_those_of_the_row_and_those_whose_own_group_it_is(host: Host) -> None:
    host.dockerd()
    listen(host, "/run/docker.sock")
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)

    assert access(host)["members"] == {"value": ["alicia", "bob", "carla"], "at": "/etc/group docker"}


@of_root
def test_the_configured_group_counts_too_and_roots_own_does_not(host: Host) -> None:
    host.dockerd("--group", "staff")
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    listen(host, "/run/docker.sock")

    members = access(host)["members"]

    assert members["value"] == ["alicia", "bob", "carla", "dora"]
    assert members["at"] == "/etc/group docker, staff"


def test_members_are_unknown_where_the_groups_cannot_be_read(host: Host) -> None:
    host.dockerd()

    assert access(host)["members"]["value"] == "unknown"


def test_members_are_unknown_where_the_group_of_a_socket_is_unknown(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.dockerd()
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    listen(host, "/run/docker.sock")
    monkeypatch.setattr(Accounts, "group", lambda self, path: unknown(f"group of {path}"))

    assert access(host)["members"] == {"value": "unknown", "at": "group of /run/docker.sock"}


@of_root
def test_daemon_json_has_an_owner_and_a_mode(host: Host) -> None:
    host.write(FILE, "{}", 0o664)

    assert access(host)["daemonJson"] == {
        "at": FILE,
        "owner": {"value": "root", "at": f"owner of {FILE}"},
        "mode": {"value": "0664", "at": f"mode of {FILE}"},
    }


def test_a_daemon_json_that_is_not_there_is_roots_to_make(host: Host) -> None:
    assert access(host)["daemonJson"]["owner"]["value"] == "root"


def test_a_daemon_json_that_cannot_be_seen_is_unknown(host: Host) -> None:
    host.link(FILE, FILE)

    assert access(host)["daemonJson"]["mode"]["value"] == "unknown"


def test_members_of_group_docker_are_found(tmp_path: Path) -> None:
    for name, text in {
        "etc/group": "root:x:0:\ndocker:x:990:alicia\n",
        "etc/passwd": "bruno:x:1001:990::/home/bruno:/bin/sh\n",
        "proc/1/comm": "init\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    assert find_docker_users(Files(str(tmp_path)), "/etc/docker/daemon.json")["value"] == ["alicia", "bruno"]


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert find_docker_users(Files(str(tmp_path)), "/etc/docker/daemon.json")["value"] == "unknown"


def test_status_names_the_users_of_docker_and_warns_under_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_sockets, "find_docker_users", lambda *_: {"value": ["alicia"], "at": "/etc/group"})

    told = cast(dict[str, Any], replace(built(tmp_path, host_root="/"), list_docker_users=list_docker_users).status())

    assert told["dockerUsers"] == ["alicia"]
    assert [warning.partition(":")[0] for warning in told["warnings"]] == ["alicia may use Docker"]
    assert "tasks of swarm services" in told["startedWithoutPlugin"]


def test_status_says_where_the_users_of_docker_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon_sockets, "find_docker_users", lambda *_: {"value": "unknown", "at": "/etc/group"})

    told = cast(dict[str, Any], replace(built(tmp_path, host_root="/"), list_docker_users=list_docker_users).status())

    assert told["dockerUsers"] == "unknown: the groups or sockets cannot be read"
    assert [warning.partition(" may")[0] for warning in told["warnings"]] == [
        "users of this host (their names cannot be read)"
    ]


def test_users_and_groups_have_names_where_the_host_knows_them(host: Host) -> None:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS + "odd row\n")
    accounts = Accounts(host.files)

    named = accounts._user(1000), accounts._user(7), accounts._group(50), accounts._group(7)

    assert named == ("alicia", "7", "staff", "7")


def test_members_of_several_groups_are_listed_once_and_sorted(host: Host) -> None:
    host.write("/etc/passwd", PASSWD)
    host.write("/etc/group", GROUPS)

    members = Accounts(host.files).members(frozenset({"docker", "staff", "nothing"}))

    assert members == {"value": ["alicia", "bob", "carla", "dora"], "at": "/etc/group docker, nothing, staff"}

"""Who but root reaches a dockerd that answers gRPC without asking its plugins, and the line that says so."""

from collections.abc import Sequence
from typing import Any

import pytest

from portero.observe.files.chroot import Files
from portero.tools.hostcheck import unasked_users
from portero.tools.hostcheck.daemon_sockets import Accounts
from portero.tools.hostcheck.fact import make_fact
from portero.tools.hostcheck.unasked_users import (
    find_accounts,
    find_bypasses,
    find_unasked_users,
    warn_of_shared_daemon,
    warn_of_unasked_users,
)
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import Host

GROUPS = "root:x:0:\ndocker:x:105:alicia\ndoor:x:106:\nempty:x:107:\n"
PASSWD = "alicia:x:1000:1000::/:/bin/sh\ndoor:x:990:106::/:/bin/sh\n"


ROOTS = ("root", "root", "0660")


def describe(socket: Sequence[str]) -> Any:
    return {name: make_fact(value, name) for name, value in zip(("owner", "group", "mode"), socket, strict=True)}


def users(host: Host, *flags: str, socket: Sequence[str] = ROOTS, tcp: Any = (), tls: Any = False) -> Any:
    host.dockerd(*flags)
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    sockets = {"/run/docker.sock": socket, "/run/containerd/containerd.sock": ("bob", "docker", "0666")}
    access: Any = {
        "sockets": make_fact({path: describe(one) for path, one in sockets.items()}, "sockets"),
        "tcp": make_fact(tcp if tcp == "unknown" else [*tcp], "tcp"),
        "tls": {"verify": make_fact(tls, "tls")},
    }
    return find_unasked_users(host.files, host.configuration(), access)["value"]


@pytest.mark.parametrize(
    ("socket", "who"),
    [
        (("root", "root", "0660"), []),
        (("dockerd", "dockerd", "1660"), []),
        (("root", "docker", "0660"), ["alicia"]),
        (("root", "docker", "0640"), []),
        (("root", "door", "0660"), ["door"]),
        (("root", "empty", "0660"), []),
        (("root", "4711", "0660"), ["group 4711"]),
        (("alicia", "docker", "0660"), ["alicia"]),
        (("root", "docker", "0662"), ["alicia", "everybody"]),
        (("root", "unknown", "0660"), "unknown"),
    ],
)
def test_who_may_write_to_its_own_socket_reaches_it(host: Host, socket: Sequence[str], who: Any) -> None:
    assert users(host, socket=socket) == who


BEHIND = "/run/portero-door/dockerd.sock"


@pytest.mark.parametrize(
    ("flags", "socket", "who", "warns"),
    [
        ((), "/run/docker.sock", ["alicia"], True),
        (("-H", f"unix://{BEHIND}"), BEHIND, ["alicia", "bob"], True),
        ((), "/run/none", [], False),
    ],
)
def test_accounts_that_reach_dockerd_are_those_of_its_sockets_and_of_the_doors(
    host: Host, monkeypatch: pytest.MonkeyPatch, flags: Sequence[str], socket: str, who: list[str], *, warns: bool
) -> None:
    host.dockerd(*flags)
    host.write("/etc/group", GROUPS)
    host.write("/etc/passwd", PASSWD)
    host.write("/run/docker.sock", "")
    access: Any = {"sockets": make_fact({socket: describe(("root", "docker", "0660"))}, "sockets")}
    shown = {"owner": "bob", "group": "root", "mode": "0660"}
    for name, value in shown.items():
        monkeypatch.setattr(Accounts, f"read_{name}", lambda self, path, value=value: make_fact(value, path))

    assert find_accounts(host.files, host.configuration(), access)["value"] == who
    monkeypatch.setattr(unasked_users.daemon_sockets, "collect_facts", lambda *_: access)
    lines = [*warn_of_shared_daemon(host.files)]
    assert [line.count("accounts-share-a-daemon") for line in lines] == ([1] if warns else [])


BESIDE = ("root", "docker", "0660")


@pytest.mark.parametrize(
    ("sockets", "tcp", "ways"),
    [
        ({"/run/docker.sock": BESIDE}, ["tcp://2375"], []),
        ({BEHIND: ("root", "portero-door", "0660")}, [], []),
        ({BEHIND: ("root", "docker", "0660")}, [], [f"{BEHIND}: alicia"]),
        ({BEHIND: ROOTS, "/run/docker.sock": BESIDE}, ["tcp://2376"], ["/run/docker.sock: alicia", "tcp://2376"]),
        ({BEHIND: ("root", "unknown", "0660")}, [], "unknown"),
        ({BEHIND: ROOTS}, "unknown", "unknown"),
        ({"/run/docker.sock": ("root", "unknown", "0660")}, "unknown", []),
    ],
)
def test_ways_past_doors_are_those_of_others_than_root_and_the_door(
    host: Host, sockets: dict[str, Sequence[str]], tcp: Any, ways: Any
) -> None:
    host.dockerd(*(f"--host=unix://{path}" for path in sockets))
    host.write("/etc/group", f"{GROUPS}portero-door:x:108:\n")
    host.write("/etc/passwd", f"{PASSWD}portero-door:x:991:108::/:/bin/sh\n")
    described = make_fact({path: describe(one) for path, one in sockets.items()}, "sockets")

    access: Any = {"sockets": described, "tcp": make_fact(tcp, "tcp")}
    assert find_bypasses(host.files, host.configuration(), access)["value"] == ways


@pytest.mark.parametrize(("found", "who"), [(["tcp://2375"], "tcp://2375"), ("unknown", "its users (they cannot")])
def test_a_line_says_who_comes_past_doors(host: Host, monkeypatch: pytest.MonkeyPatch, found: Any, who: str) -> None:
    host.dockerd("--host=unix:///run/docker.sock")
    monkeypatch.setattr(unasked_users, "find_unasked_users", lambda *_: make_fact([], ""))
    monkeypatch.setattr(unasked_users, "find_bypasses", lambda *_: make_fact(found, ""))

    (line,) = warn_of_unasked_users(host.files)

    assert line.startswith(f"dockerd is reached past its doors: {who}")


OUTSIDE = Files.outside
HANDED, OWN = "tcp://2375", "tcp://0.0.0.0:2376"


@pytest.mark.parametrize(
    ("flags", "tcp", "tls", "reached"),
    [
        ((f"--host={OWN}",), [OWN], False, [OWN]),
        ((f"--host={OWN}",), [OWN], True, []),
        ((f"--host={OWN}", "--tls"), [OWN], False, []),
        (("--host=fd://",), [HANDED], False, [HANDED]),
        (("--host=fd://",), [HANDED], True, [HANDED]),
        (("--host=fd://", f"--host={OWN}"), [OWN, HANDED], True, []),
        ((), [], "unknown", []),
        ((f"--host={OWN}",), [OWN], "unknown", "unknown"),
        ((), "unknown", False, "unknown"),
    ],
)
def test_tls_of_its_own_takes_no_http_2_and_that_of_systemd_does(
    host: Host, flags: Sequence[str], tcp: Any, tls: Any, reached: Any
) -> None:
    assert users(host, "--host=unix:///run/docker.sock", *flags, tcp=tcp, tls=tls) == reached


@pytest.mark.parametrize(
    ("version", "found", "begins"),
    [
        ("29.1.5", ["alicia"], None),
        ("29.2.0", [], None),
        ("29.7.2", ["alicia", "tcp://2375"], "dockerd 29.7.2 answers gRPC"),
        ("29.7.2", "unknown", "dockerd 29.7.2 answers gRPC"),
        (None, ["alicia"], "dockerd, if it is 29.2 or later, answers gRPC"),
    ],
)
def test_a_line_says_who_reaches_it(
    host: Host, dockerd: Dockerd, monkeypatch: pytest.MonkeyPatch, version: str | None, found: Any, begins: str | None
) -> None:
    if version is not None:
        dockerd.says("GET /version", 200, {"Version": version})
    host.dockerd("--host=unix:///run/docker.sock")
    monkeypatch.setattr(
        Files, "outside", lambda self, path: dockerd.address if path == "/run/docker.sock" else OUTSIDE(self, path)
    )
    monkeypatch.setattr(unasked_users, "find_unasked_users", lambda *_: make_fact(found, ""))

    lines = [*warn_of_unasked_users(host.files)]

    assert [line.startswith(begins or "?") for line in lines] == ([True] if begins else [])
    who = "its users (they cannot be read)" if found == "unknown" else ", ".join(found)
    assert all(f"open to {who};" in line for line in lines)


def test_no_dockerd_is_no_line_and_processes_that_cannot_be_read_are_one(host: Host) -> None:
    assert [*warn_of_unasked_users(host.files)] == []
    host.at("/proc/1/comm").unlink()
    host.at("/proc/1").rmdir()
    host.at("/proc").rmdir()

    (line,) = warn_of_unasked_users(host.files)

    assert "its users (they cannot be read)" in line

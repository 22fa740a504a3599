"""`portero door`: keys, the list of doors, and what `enable` asks before dockerd restarts."""

import importlib
import json
import os
import pwd
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from portero.tools.hostcheck import door_units
from portero.tools.hostcheck.door_units import DoorSocket, UnitsFail
from tests.tools.cli.running import portero
from tests.unix_server import Handler, responding

TRAEFIK = {"name": "traefik", "operations": ["traefik"], "socket": {"group": "monitor", "mode": "0660"}}
SITE = {"doors": [{"name": "users"}, TRAEFIK]}
CONTAINERS = [
    {"Names": ["/ui"], "Mounts": [{"Source": "/var/run/docker.sock"}]},
    {"Names": ["/web"], "Mounts": [{"Source": "/srv/www"}]},
]

OWN = pwd.getpwuid(os.geteuid()).pw_name


def respond(docker: Handler) -> None:
    """Answer what is asked before a restart."""
    docker.reply({"LiveRestoreEnabled": False} if docker.path == "/info" else CONTAINERS)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    (tmp_path / "site.json").write_text(json.dumps(SITE))
    return tmp_path


@pytest.fixture
def enabled(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """What was enabled: dockerd's place is a socket of the test."""
    done: list[Any] = []
    place = DoorSocket(str(tmp_path / "docker.sock"), "root", "docker", "0660")
    monkeypatch.setattr(door_units, "read_docker_socket", lambda: place)
    monkeypatch.setattr(door_units, "enable_doors", lambda docker, users, tools: done.append((users, tools)))
    monkeypatch.setattr(door_units, "disable_doors", lambda: done.append("disabled"))
    with responding(tmp_path / "docker.sock", respond):
        yield done


def test_enabling_says_what_stops_and_asks(policy: Path, enabled: list[Any]) -> None:
    asked = portero("door", "enable", "--schemas", policy, text="n\n")

    assert asked.exit_code == 2
    assert enabled == []
    assert "running containers stop (no live-restore)" in asked.stdout
    assert "ui mounts" in asked.stdout
    assert "web mounts" not in asked.stdout


def test_a_stale_socket_of_former_doors_is_not_asked(
    policy: Path, enabled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(policy / "dockerd.sock"))
    monkeypatch.setattr(door_units, "DOCKERD_SOCKET", str(policy / "dockerd.sock"))

    done = portero("door", "enable", "--yes", "--schemas", policy)

    assert (done.exit_code, len(enabled)) == (0, 1), done.output
    assert "ui mounts" in done.stdout


def test_without_a_running_portero_the_folders_must_be_named(enabled: list[Any]) -> None:
    refused = portero("door", "enable", "--yes")

    assert (refused.exit_code, enabled) == (2, [])
    assert "no Portero runs, so its doors are not known" in refused.stderr


def test_where_nobody_answers_yes_is_named(policy: Path, enabled: list[Any]) -> None:
    refused = portero("door", "enable", "--schemas", policy, text="")

    assert (refused.exit_code, enabled) == (2, [])
    assert "write --yes" in refused.stderr


def test_enabling_puts_each_door_where_the_policy_says(policy: Path, enabled: list[Any]) -> None:
    done = portero("door", "enable", "--yes", "--schemas", policy)

    assert done.exit_code == 0, done.output
    ((users, tools),) = enabled
    assert users == DoorSocket(str(policy / "docker.sock"), "root", "docker", "0660")
    assert tools == {"traefik": DoorSocket("/run/portero-door/doors/traefik/docker.sock", "root", "monitor", "0660")}


@pytest.mark.parametrize(("given", "mode"), [({}, "0660"), ({"group": "dev"}, "0660"), ({"mode": "0606"}, "0606")])
def test_a_tool_whose_folder_the_site_names_is_not_open_to_everybody(
    given: dict[str, str], mode: str, policy: Path, enabled: list[Any]
) -> None:
    """Only the folder of all doors is closed to others."""
    tool = {"name": "traefik", "socket": {"path": "/srv/tool/docker.sock", **given}}
    (policy / "site.json").write_text(json.dumps({"doors": [{"name": "users"}, tool]}))

    assert portero("door", "enable", "--yes", "--schemas", policy).exit_code == 0
    ((_, tools),) = enabled
    assert tools["traefik"].mode == mode


def test_the_users_door_is_where_the_policy_says(policy: Path, enabled: list[Any]) -> None:
    users = {"name": "users", "socket": {"path": "/srv/users/docker.sock", "group": "dev"}}
    (policy / "site.json").write_text(json.dumps({"doors": [users]}))

    done = portero("door", "enable", "--yes", "--schemas", policy)

    assert enabled == [(DoorSocket("/srv/users/docker.sock", "root", "dev", "0660"), {})]
    assert done.stdout.splitlines()[-1] == "users: /srv/users/docker.sock"


def test_people_need_a_door(policy: Path, enabled: list[Any]) -> None:
    (policy / "site.json").write_text('{"doors": [{"name": "traefik"}]}')

    refused = portero("door", "enable", "--yes", "--schemas", policy)

    assert (refused.exit_code, enabled) == (2, [])
    assert "doors: has no entry users" in refused.stderr


def test_disabling_asks_too(enabled: list[Any]) -> None:
    assert portero("door", "disable", text="n\n").exit_code == 2
    assert enabled == []
    assert portero("door", "disable", "--yes").exit_code == 0
    assert enabled == ["disabled"]


@pytest.mark.parametrize("is_there", [True, False])
@pytest.mark.parametrize("command", ["enable", "disable"])
def test_doors_go_whatever_dockerd_says(
    command: str, is_there: bool, policy: Path, enabled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dockerd that does not start because of its doors could not be freed of them."""
    own = policy / "refusing.sock"
    place = DoorSocket(str(own), "root", "docker", "0660")
    monkeypatch.setattr(door_units, "read_docker_socket", lambda: place)
    words = ["--schemas", str(policy)] if command == "enable" else []

    # As where a site asks for known users: the question has no stamp.
    with responding(own, lambda docker: docker.reply({}, 403)) if is_there else nullcontext():
        done = portero("door", command, "--yes", *words)

    if command == "enable" and not is_there:
        assert (done.exit_code, enabled) == (2, [])
        assert "No such file or directory): start it first" in done.stderr
        return
    assert (done.exit_code, len(enabled)) == (0, 1)
    assert f"which containers stop, or mount {own}, is not known: {own}: " in done.stdout


@pytest.mark.parametrize("command", ["enable", "disable"])
def test_what_systemd_does_not_do_is_said(
    command: str, policy: Path, enabled: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise UnitsFail("systemctl restart docker.socket: failed")

    monkeypatch.setattr(door_units, f"{command}_doors", fail)
    words = ["--schemas", str(policy)] if command == "enable" else []

    done = portero("door", command, "--yes", *words)

    assert (done.exit_code, done.stderr) == (2, "portero: systemctl restart docker.socket: failed\n")


def test_doors_are_listed_with_what_they_let_through(policy: Path) -> None:
    done = portero("door", "list", "--schemas", policy)

    assert done.stdout.splitlines()[1] == (
        "traefik          /run/portero-door/doors/traefik/docker.sock  does not answer; traefik"
    )
    assert json.loads(portero("door", "list", "--json", "--schemas", policy).stdout)[0]["operations"] is None


@pytest.mark.parametrize("is_moved", [True, False])
def test_a_socket_of_dockerd_itself_is_no_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_moved: bool) -> None:
    doors = [{"name": "users", "socket": {"path": f"{tmp_path}/docker.sock"}}]
    (tmp_path / "site.json").write_text(json.dumps({"doors": doors}))
    (tmp_path / "stale.sock").touch()
    monkeypatch.setattr(door_units, "DOCKERD_SOCKET", str(tmp_path / ("docker.sock" if is_moved else "stale.sock")))

    with responding(tmp_path / "docker.sock", respond):
        listed = portero("door", "list", "--schemas", tmp_path).stdout.splitlines()

    does = "answers; everything" if is_moved else "does not answer; everything"
    assert listed[0] == f"users            {tmp_path}/docker.sock  {does}"
    assert listed[1:] == ([] if is_moved else ["no doors yet: portero door enable, as root, puts them before dockerd"])


def test_a_key_is_made_for_an_account_that_is_there(tmp_path: Path) -> None:
    words = ["--private", tmp_path / "door" / "key", "--public", tmp_path / "state" / "door.pub"]

    assert portero("door", "key", *words, "--account", OWN).exit_code == 0
    assert b"PUBLIC KEY" in (tmp_path / "state" / "door.pub").read_bytes()
    assert "useradd --system nobody-here" in portero("door", "key", *words, "--account", "nobody-here").stderr


def test_who_owns_what_is_shown_to_the_account_though_it_was_written_before_there_was_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--private", tmp_path / "key", "--public", tmp_path / "door.pub"]
    monkeypatch.setattr(importlib.import_module("portero.tools.cli.door"), "_OWNERS", tmp_path / "doors.json")
    (tmp_path / "doors.json").touch(0o600)
    (tmp_path / "doors.json").chmod(0o600)

    assert portero("door", "key", *words, "--account", OWN).exit_code == 0
    assert "system.posix_acl_access" in os.listxattr(tmp_path / "doors.json")


def test_a_rootless_dockers_key_shows_what_its_own_portero_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of root's Docker was taken from its door, and the key of root's was given to that account."""
    module = importlib.import_module("portero.tools.cli.door")
    monkeypatch.setattr(module, "_OWNERS", tmp_path / "doors.json")
    for each in (module, importlib.import_module("portero.serve.settings.settings")):
        monkeypatch.setattr(each, "ROOTS_STATE", tmp_path / "state")
    monkeypatch.setattr(module, "_PRIVATE", tmp_path / "roots" / "key")
    monkeypatch.setattr(module, "SUMMARIES", ("", str(tmp_path / "rootless")))
    own = tmp_path / "rootless" / "alice" / "doors.json"
    own.parent.mkdir(parents=True)
    for file in (own, tmp_path / "doors.json"):
        file.touch(0o600)

    words = ["--public", tmp_path / "state" / "alice" / "door.pub", "--account", OWN]
    assert portero("door", "key", *words).exit_code == 0
    assert [*tmp_path.glob("**/key")] == [tmp_path / "portero-door-alice" / "key"]
    shown = [file for file in (own, tmp_path / "doors.json") if "system.posix_acl_access" in os.listxattr(file)]
    assert shown == [own]


def test_the_public_half_is_where_the_plugin_of_this_host_reads_it(tmp_path: Path) -> None:
    private = ["--private", tmp_path / "key", "--account", OWN]

    assert portero("door", "key", *private, PORTERO_STATE=f"{tmp_path}/state/versions.json").exit_code == 0
    assert [*tmp_path.glob("state/*")] == [tmp_path / "state" / "door.pub"]


def serve(*words: object) -> str:
    """Why the process of the doors does not serve."""
    command = [sys.executable, "-m", "portero", "door", "serve", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    return done.stderr


def test_a_door_without_a_socket_or_a_key_says_so(tmp_path: Path) -> None:
    assert "no door: start it by systemd" in serve()
    place = f"tool={tmp_path}/docker.sock"
    assert "none: cannot be read (No such file or directory): as root, portero door key" in serve(
        "--key", tmp_path / "none", "--listen", place
    )
    (tmp_path / "other").write_text("x")
    assert "other: cannot be used" in serve("--key", tmp_path / "other", "--listen", place)
    assert "is no name of a door" in serve("--listen", f"T{place}")

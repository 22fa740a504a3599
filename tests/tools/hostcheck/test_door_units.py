"""Units of the doors: what is written where, in which order, and back again when a door does not answer."""

from collections.abc import Callable
from pathlib import Path

import pytest

from portero.tools.hostcheck import door_units
from portero.tools.hostcheck.door_units import (
    USERS_SOCKET,
    DoorSocket,
    UnitsFail,
    disable_doors,
    enable_doors,
    read_docker_socket,
)

SHOWN = "Listen=/run/docker.sock (Stream)\nSocketUser=\nSocketGroup=docker\nSocketMode=0660\nActiveState=active\n"
USERS = DoorSocket("/run/docker.sock", "root", "docker", "0660")
TOOL = DoorSocket("/run/portero-door/doors/traefik/docker.sock", mode="0666")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that were run; every one works, and the door answers."""
    commands: list[str] = []

    def run(*words: str) -> str:
        commands.append(" ".join(words))
        return SHOWN if words[1] == "show" else ""

    monkeypatch.setattr(door_units, "run_command", run)
    monkeypatch.setattr(door_units, "_ping_door", lambda path: None)
    return commands


def test_the_place_of_docker_is_read_from_systemd_and_then_from_what_was_kept(tmp_path: Path, ran: list[str]) -> None:
    assert read_docker_socket(tmp_path) == USERS
    enable_doors(USERS, USERS, {}, tmp_path)
    ran.clear()

    assert read_docker_socket(tmp_path) == USERS
    assert ran == []


def test_the_users_door_goes_back_to_dockers_place_when_the_site_names_no_other(tmp_path: Path, ran: list[str]) -> None:
    """What site.json had before must not stay: its group could connect."""
    enable_doors(USERS, DoorSocket("/srv/docker.sock", "alicia", "dev", "0660"), {}, tmp_path)

    assert read_docker_socket(tmp_path) == USERS


@pytest.mark.parametrize("text", ["[Socket]\n", "# before: /run/docker.sock\n[Socket]\n"])
def test_a_drop_in_that_does_not_say_where_docker_was_is_named(text: str, tmp_path: Path, ran: list[str]) -> None:
    enable_doors(USERS, USERS, {}, tmp_path)
    (tmp_path / "docker.socket.d" / "portero-door.conf").write_text(text)

    with pytest.raises(UnitsFail, match=r"does not say where dockerd's socket was: remove it"):
        read_docker_socket(tmp_path)


@pytest.mark.parametrize("mode", ["0666", "0602"])
@pytest.mark.parametrize("is_users", [True, False])
def test_no_door_is_open_to_every_account(mode: str, is_users: bool, tmp_path: Path, ran: list[str]) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    open_, closed = (DoorSocket(f"{folder}/new/docker.sock", mode=mode) for folder in ("/run", tmp_path / "closed"))

    with pytest.raises(UnitsFail, match=f"its mode {mode} lets everybody connect: write another"):
        enable_doors(USERS, *((open_, {}) if is_users else (USERS, {"tool": open_})), tmp_path)
    assert ran == []
    enable_doors(USERS, USERS, {"tool": closed}, tmp_path)


@pytest.mark.parametrize(
    "shown",
    [SHOWN.replace("=active", "=inactive"), f"{SHOWN}Listen=/x (Stream)\n", "Listen=\nActiveState=active\n", ""],
)
def test_without_docker_socket_there_are_no_units(shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_units, "run_command", lambda *words: shown)

    with pytest.raises(UnitsFail, match=r"docker\.socket does not hold the one socket"):
        read_docker_socket(tmp_path)


def test_without_systemd_the_recipe_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*words: str) -> str:
        raise UnitsFail("systemctl show docker.socket: System has not been booted with systemd.")

    monkeypatch.setattr(door_units, "run_command", fail)

    with pytest.raises(UnitsFail, match=r"with systemd\.; without systemd doors are a recipe \(portero help doors\)"):
        read_docker_socket(tmp_path)


def test_dockerd_moves_first_and_doors_start_before_their_process(tmp_path: Path, ran: list[str]) -> None:
    enable_doors(USERS, USERS, {"traefik": TOOL}, tmp_path)

    moved = (tmp_path / "docker.socket.d" / "portero-door.conf").read_text()
    assert moved == (
        "# before: /run/docker.sock root docker 0660\n"
        "[Socket]\nListenStream=\nListenStream=/run/portero-door/dockerd.sock\n"
        "SocketUser=root\nSocketGroup=portero-door\nSocketMode=0660\n"
    )
    sockets = "portero-door-users.socket portero-door@traefik.socket"
    assert ran[-7:] == [
        "systemctl stop portero-door.service",
        "systemctl restart docker.socket",
        "systemctl reset-failed docker.service",
        "systemctl start docker.service",
        f"systemctl enable --quiet portero-door.service {sockets}",
        f"systemctl start {sockets}",
        "systemctl start portero-door.service",
    ]


@pytest.mark.parametrize(
    ("shown", "described"),
    [
        ("ActiveState=active\nStatusText=doors users: 3\n", ("doors users: 3", True)),
        ("ActiveState=active\nStatusText=\n", ("active", True)),
        ("ActiveState=failed\nStatusText=x\n", ("portero-door.service is failed", False)),
        ("", ("portero-door.service is ", False)),
    ],
)
def test_doors_that_are_enabled_say_how_they_go(
    shown: str, described: tuple[str, bool], tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert door_units.describe_doors(tmp_path) == ("", True)
    enable_doors(USERS, USERS, {}, tmp_path)
    monkeypatch.setattr(door_units, "run_command", lambda *words: shown)

    assert door_units.describe_doors(tmp_path) == described


def test_a_door_that_is_not_listed_any_more_goes(tmp_path: Path, ran: list[str]) -> None:
    enable_doors(USERS, USERS, {"traefik": TOOL}, tmp_path)
    enable_doors(USERS, USERS, {}, tmp_path)

    assert "systemctl disable --quiet portero-door@traefik.socket" in ran
    assert not (tmp_path / "portero-door@traefik.socket.d").exists()


def _fail(message: str) -> Callable[[object], None]:
    def fail(given: object) -> None:
        raise UnitsFail(message)

    return fail


def test_a_door_that_is_silent_changes_nothing(tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_units, "_ping_door", _fail("no answer"))

    with pytest.raises(UnitsFail, match="no answer"):
        enable_doors(USERS, USERS, {"traefik": TOOL}, tmp_path)

    assert [*tmp_path.rglob("*.conf")] == []
    assert ran[-3:] == [
        "systemctl restart docker.socket",
        "systemctl reset-failed docker.service",
        "systemctl start docker.service",
    ]


def test_a_roll_back_that_fails_too_says_both(tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_units, "_ping_door", _fail("no answer"))
    monkeypatch.setattr(door_units, "disable_doors", _fail("systemctl disable: failed"))

    with pytest.raises(UnitsFail, match="no answer; then systemctl disable: failed: run portero door disable"):
        enable_doors(USERS, USERS, {}, tmp_path)


def test_a_drop_in_that_cannot_be_written_leaves_all_as_it_was(tmp_path: Path, ran: list[str]) -> None:
    # In the place of its folder.
    (tmp_path / "docker.socket.d").write_text("")
    before = tmp_path / f"{USERS_SOCKET}.d" / "portero-door.conf"
    before.parent.mkdir()
    before.write_text("of the doors that run")

    with pytest.raises(UnitsFail, match=r"docker\.socket\.d"):
        enable_doors(USERS, USERS, {"traefik": TOOL}, tmp_path)

    assert [*tmp_path.rglob("*.conf")] == [before]
    assert before.read_text() == "of the doors that run"
    assert not [command for command in ran if command.startswith("systemctl")]


def test_who_had_doors_hears_that_they_are_off(tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    enable_doors(USERS, USERS, {}, tmp_path)
    monkeypatch.setattr(door_units, "_ping_door", _fail("no answer"))

    with pytest.raises(UnitsFail, match="no answer; the doors that ran before are off"):
        enable_doors(USERS, USERS, {"traefik": TOOL}, tmp_path)


def test_disabling_gives_dockerd_its_socket_back(tmp_path: Path, ran: list[str]) -> None:
    enable_doors(USERS, USERS, {}, tmp_path)
    ran.clear()
    disable_doors(tmp_path)

    assert ran[0] == "systemctl disable --quiet --now portero-door.service portero-door-users.socket"
    assert ran[-1] == "systemctl start docker.service"
    assert [*tmp_path.rglob("*.conf")] == []


def test_a_command_that_fails_is_said() -> None:
    with pytest.raises(UnitsFail, match=r"^ls /nowhere: ls: cannot access"):
        door_units.run_command("ls", "/nowhere")
    with pytest.raises(UnitsFail, match="No such file"):
        door_units.run_command("/nowhere")

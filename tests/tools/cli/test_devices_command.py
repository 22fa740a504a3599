"""`portero devices`: the drop-in that is put in place and taken away, and the probe before dockerd's start."""

import errno
import os
from pathlib import Path

import pytest

from portero.tools.cli import devices_command
from portero.tools.hostcheck.docker_restart import ContainersWouldStop
from portero.tools.hostcheck.door_units import UnitsFail
from tests.failing import fail_with
from tests.tools.cli.running import fault_of, portero


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where that of docker.service is put; what is shipped is in the same folder."""
    for unit in ("docker", "containerd"):
        (tmp_path / f"{unit}-devices.conf").write_text(f"# {unit}\n")
    monkeypatch.setattr(devices_command, "_SHIPPED", (tmp_path / "absent", tmp_path))
    monkeypatch.setattr(devices_command, "_UNITS", tmp_path)
    monkeypatch.setattr(devices_command, "_RELOAD", ("touch", str(tmp_path / "reloaded")))
    monkeypatch.setattr(devices_command, "_SYSTEMD", tmp_path)
    return tmp_path / "docker.service.d" / "portero-devices.conf"


def test_the_drop_in_is_a_link_that_stays_when_it_is_right(drop_in: Path) -> None:
    closed = portero("devices", "close")
    made = drop_in.lstat()
    portero("devices", "close")

    assert (closed.exit_code, drop_in.readlink()) == (0, drop_in.parent.parent / "docker-devices.conf")
    assert "portero devices close --restart" in closed.stdout
    of_containerd = drop_in.parent.parent / "containerd.service.d" / drop_in.name
    assert of_containerd.read_text() == "# containerd\n"
    # A younger link would count as one that was away since dockerd started.
    assert drop_in.lstat() == made
    assert (drop_in.parent.parent / "reloaded").exists()


@pytest.mark.parametrize(
    ("fault", "status", "said"),
    [
        (None, 0, "dockerd and containerd have restarted"),
        (ContainersWouldStop(["db"], "no live-restore"), 1, "nothing was restarted: no live-restore: db would stop"),
        (UnitsFail("systemctl: failed"), 2, "systemctl: failed"),
        (ConnectionRefusedError(111, "Connection refused"), 2, "journalctl -u docker says why"),
    ],
)
def test_a_restart_ends_well_or_says_why_not(
    drop_in: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception | None, status: int, said: str
) -> None:
    def restart(*_: object, is_configured: bool, stops_containers: bool) -> None:
        if fault:
            raise fault

    monkeypatch.setattr(devices_command, "restart_docker", restart)

    done = portero("devices", "close", "--restart")

    assert (done.exit_code, said in done.output) == (status, True), done.output
    assert drop_in.is_symlink()


def test_one_that_leads_elsewhere_is_replaced(drop_in: Path) -> None:
    drop_in.parent.mkdir()
    drop_in.symlink_to("/nowhere")

    assert portero("devices", "close").exit_code == 0
    assert drop_in.read_text() == "# docker\n"


def test_open_takes_it_away_also_where_there_is_none(drop_in: Path) -> None:
    portero("devices", "close")

    assert [portero("devices", "open").exit_code for _ in range(2)] == [0, 0]
    assert [*drop_in.parent.parent.glob("*.d/*")] == []


def test_without_systemd_nothing_is_put_in_place(drop_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices_command, "_SYSTEMD", drop_in.parent / "none")

    assert "systemd does not run here" in fault_of(portero("devices", "close"))
    assert not drop_in.is_symlink()
    assert portero("devices", "open").exit_code == 0


def test_what_cannot_be_put_in_place_is_an_error(drop_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (drop_in.parent.parent / "docker-devices.conf").rename(drop_in.parent.parent / "elsewhere.conf")
    uninstalled = portero("devices", "close")
    assert (uninstalled.exit_code, drop_in.parent.exists()) == (2, False)
    assert "install Portero" in uninstalled.stderr

    (drop_in.parent.parent / "elsewhere.conf").rename(drop_in.parent.parent / "docker-devices.conf")
    monkeypatch.setattr(devices_command, "_RELOAD", ("false",))
    assert portero("devices", "close").exit_code == 2


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [("", 0, ""), ("block devices can be opened", 1, "dockerd may open devices: block devices can be opened")],
)
def test_the_probe_says_why_it_fails(monkeypatch: pytest.MonkeyPatch, answer: str, status: int, message: str) -> None:
    monkeypatch.setattr(
        devices_command, "probe_start", lambda environment, *, unpacks: answer if unpacks else "of containerd"
    )
    assert "containerd may open devices: of containerd" in portero("devices", "probe", "--containerd").stderr

    result = portero("devices", "probe")

    assert result.exit_code == status
    assert message in result.stderr


def test_a_probe_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(environment: object, *, unpacks: bool) -> str:
        raise OSError(24, "Too many open files", "/proc/devices")

    monkeypatch.setattr(devices_command, "probe_start", fail)

    result = portero("devices", "probe")

    assert (result.exit_code, "Too many open files" in result.stderr) == (2, True)


@pytest.mark.parametrize("command", ["close", "open"])
def test_a_user_is_sent_to_root(drop_in: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setattr(os, "unlink", fail_with(errno.EACCES))

    assert fault_of(portero("devices", command)) == f"portero: {drop_in}: Permission denied; run it as root\n"


def test_what_systemd_says_is_one_sentence(drop_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices_command, "_RELOAD", ("sh", "-c", "echo no >&2; echo bus >&2; exit 1"))
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    assert fault_of(portero("devices", "open")).endswith("exit 1: no bus; run it as root\n")

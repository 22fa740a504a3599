"""`portero devices`: the drop-in that is put in place and taken away, and the probe before dockerd's start."""

from pathlib import Path

import pytest

from portero.cli import devices
from tests.cli.running import portero


@pytest.fixture
def drop_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the drop-in is put; what is shipped is in the same folder."""
    shipped, place = tmp_path / "shipped.conf", tmp_path / "docker.service.d" / "portero-devices.conf"
    shipped.write_text("[Service]\n")
    monkeypatch.setattr(devices, "_SHIPPED", (tmp_path / "absent.conf", shipped))
    monkeypatch.setattr(devices, "_DROP_IN", place)
    monkeypatch.setattr(devices, "_RELOAD", ("touch", str(tmp_path / "reloaded")))
    return place


def test_the_drop_in_is_a_link_that_stays_when_it_is_right(drop_in: Path) -> None:
    closed = portero("devices", "close")
    made = drop_in.lstat()
    portero("devices", "close")

    assert (closed.exit_code, drop_in.readlink()) == (0, drop_in.parent.parent / "shipped.conf")
    assert "systemctl restart docker" in closed.stdout
    # A younger link would count as one that was away since dockerd started.
    assert drop_in.lstat() == made
    assert (drop_in.parent.parent / "reloaded").exists()


def test_one_that_leads_elsewhere_is_replaced(drop_in: Path) -> None:
    drop_in.parent.mkdir()
    drop_in.symlink_to("/nowhere")

    assert portero("devices", "close").exit_code == 0
    assert drop_in.read_text() == "[Service]\n"


def test_open_takes_it_away_also_where_there_is_none(drop_in: Path) -> None:
    portero("devices", "close")

    assert [portero("devices", "open").exit_code for _ in range(2)] == [0, 0]
    assert not drop_in.is_symlink()


def test_without_an_installation_nothing_is_put_in_place(drop_in: Path) -> None:
    (drop_in.parent.parent / "shipped.conf").unlink()

    result = portero("devices", "close")

    assert (result.exit_code, drop_in.parent.exists()) == (2, False)
    assert "install Portero" in result.stderr


def test_units_that_cannot_be_reloaded_are_an_error(drop_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_RELOAD", ("false",))

    assert portero("devices", "close").exit_code == 2


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [("", 0, ""), ("block devices can be opened", 1, "dockerd does not start: block devices can be opened")],
)
def test_the_probe_says_why_dockerd_does_not_start(
    monkeypatch: pytest.MonkeyPatch, answer: str, status: int, message: str
) -> None:
    monkeypatch.setattr(devices, "probe_start", lambda environment: answer)

    result = portero("devices", "probe")

    assert result.exit_code == status
    assert message in result.stderr


def test_a_probe_that_fails_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(environment: object) -> str:
        raise OSError(24, "Too many open files", "/proc/devices")

    monkeypatch.setattr(devices, "probe_start", fail)

    result = portero("devices", "probe")

    assert (result.exit_code, "Too many open files" in result.stderr) == (2, True)

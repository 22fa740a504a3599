"""What the running Portero reports of itself."""

from pathlib import Path

import pytest

from portero.hostcheck import running_portero
from portero.hostcheck.running_portero import ask_status, count_decisions, find_socket
from tests.hostcheck.answering_dockerd import Dockerd

STATUS = {"attention": [], "decisions": {"allowed": 3, "refused": 4}}


def test_decisions_are_counted_together(dockerd: Dockerd) -> None:
    dockerd.says("GET /status", 200, STATUS)

    assert count_decisions(Path(dockerd.address)) == 7


@pytest.mark.parametrize(("status", "answer"), [(500, STATUS), (200, []), (200, {}), (200, b"no json")])
def test_what_is_no_status_of_portero_is_a_value_error(dockerd: Dockerd, status: int, answer: object) -> None:
    dockerd.says("GET /status", status, answer)

    with pytest.raises(ValueError, match=r"not a status|Expecting value"):
        ask_status(Path(dockerd.address))


def test_a_status_without_decisions_counts_nothing(dockerd: Dockerd) -> None:
    dockerd.says("GET /status", 200, {"attention": []})

    with pytest.raises(ValueError, match="without decisions"):
        count_decisions(Path(dockerd.address))


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(running_portero, "_PLUGINS", tmp_path)
    return tmp_path


def managed(plugins: Path, letter: str) -> Path:
    socket = plugins / (letter * 64) / "portero.sock"
    socket.parent.mkdir()
    socket.touch()
    return socket


def test_the_configured_socket_is_the_one_to_ask(plugins: Path) -> None:
    managed(plugins, "a")
    configured = plugins / "portero.sock"
    configured.touch()

    assert find_socket(configured) == configured


def test_where_it_is_missing_the_managed_plugin_is_asked(plugins: Path) -> None:
    socket = managed(plugins, "a")

    assert find_socket(plugins / "portero.sock") == socket


def test_of_two_managed_plugins_none_is_chosen(plugins: Path) -> None:
    managed(plugins, "a")
    managed(plugins, "b")

    assert find_socket(plugins / "portero.sock") == plugins / "portero.sock"


def test_a_socket_elsewhere_has_no_stand_in(plugins: Path, tmp_path: Path) -> None:
    managed(plugins, "a")

    assert find_socket(tmp_path / "elsewhere" / "portero.sock") == tmp_path / "elsewhere" / "portero.sock"

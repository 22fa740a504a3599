"""What the running Portero reports of itself."""

from pathlib import Path

import pytest

from portero.tools.hostcheck.plugin_client import count_decisions, find_running, find_socket
from tests.refused_stat import refuse_stat
from tests.tools.hostcheck.answering_dockerd import Dockerd
from tests.tools.hostcheck.host_tree import DAEMON_JSON, Host

STATUS = {"attention": [], "decisions": {"allowed": 3, "refused": 4}}


def test_decisions_are_counted_together(dockerd: Dockerd) -> None:
    dockerd.says("GET /status", 200, STATUS)

    assert count_decisions(Path(dockerd.address)) == 7


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (500, STATUS, "not an answer"),
        (200, [], "not an answer"),
        (200, {}, "not an answer"),
        (200, b"no json", "Expecting value"),
        (200, {"attention": []}, "without decisions"),
    ],
)
def test_what_is_no_status_of_portero_is_a_value_error(
    dockerd: Dockerd, status: int, answer: object, error: str
) -> None:
    dockerd.says("GET /status", status, answer)

    with pytest.raises(ValueError, match=error):
        count_decisions(Path(dockerd.address))


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "plugins"
    folder.mkdir()
    monkeypatch.setattr("portero.tools.hostcheck.plugin_client.SOCKETS", folder)
    return folder


def managed(plugins: Path, letter: str) -> Path:
    socket = plugins / (letter * 64) / "portero.sock"
    socket.parent.mkdir()
    socket.touch()
    return socket


def test_the_configured_socket_is_the_one_to_ask_even_where_only_root_may_look(
    plugins: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    managed(plugins, "a")
    configured = plugins / "portero.sock"
    refuse_stat(monkeypatch, configured)
    assert find_socket(configured) == configured

    monkeypatch.undo()
    configured.touch()
    assert find_socket(configured) == configured


def test_where_it_is_missing_the_only_managed_plugin_is_asked(plugins: Path, tmp_path: Path) -> None:
    configured, elsewhere = plugins / "portero.sock", tmp_path / "elsewhere" / "portero.sock"
    socket = managed(plugins, "a")
    assert (find_socket(configured), find_socket(elsewhere)) == (socket, elsewhere)

    managed(plugins, "b")
    assert find_socket(configured) == configured


ROOTLESS = "ROOTLESSKIT_STATE_DIR=/run/x\0HOME=/home/alicia\0"
USERS = "/home/alicia/.local/lib/docker/plugins"


def find(host: Host, plugins: Path) -> str:
    """The socket that is found on the host without options."""
    return str(find_running(host.files, DAEMON_JSON, plugins / "portero.sock")).removeprefix(str(host.root))


@pytest.fixture
def rootless(host: Host) -> Host:
    """A host whose only dockerd is the one of alicia, which asks portero."""
    host.dockerd(environment=ROOTLESS, status="Uid:\t1000\t1000\t1000\t1000\n")
    host.write("/home/alicia/.config/docker/daemon.json", '{"authorization-plugins": ["portero"]}')
    return host


def test_root_finds_the_portero_of_a_rootless_daemon_by_its_spec_file(rootless: Host, plugins: Path) -> None:
    rootless.write(f"{USERS}/portero.spec", "unix:///run/user/1000/portero/portero.sock\n")
    assert find(rootless, plugins) == str(plugins / "portero.sock").removeprefix(str(rootless.root))

    rootless.write("/run/user/1000/portero/portero.sock", "")
    assert find(rootless, plugins) == "/run/user/1000/portero/portero.sock"


def test_the_spec_may_lie_in_etc_and_be_json(rootless: Host, plugins: Path) -> None:
    rootless.write("/etc/docker/plugins/portero.json", '{"Name": "portero", "Addr": "unix:///run/portero/alicia.sock"}')
    rootless.write("/run/portero/alicia.sock", "")

    assert find(rootless, plugins) == "/run/portero/alicia.sock"


@pytest.mark.parametrize("text", ["tcp://127.0.0.1:1", "", "no json {", '["unix:///run/x"]'])
def test_a_spec_that_names_no_unix_socket_names_none(rootless: Host, plugins: Path, text: str) -> None:
    for ending in ("spec", "json"):
        rootless.write(f"{USERS}/portero.{ending}", text)

    assert find(rootless, plugins).endswith("/portero.sock")


def test_a_socket_of_the_settings_that_is_there_goes_first(rootless: Host, plugins: Path) -> None:
    rootless.write(f"{USERS}/portero.spec", "unix:///run/user/1000/portero/portero.sock\n")
    rootless.write("/run/user/1000/portero/portero.sock", "")
    (plugins / "portero.sock").touch()

    assert find_running(rootless.files, DAEMON_JSON, plugins / "portero.sock") == plugins / "portero.sock"


def test_without_proc_the_socket_of_the_settings_is_the_one(tmp_path: Path, plugins: Path) -> None:
    assert find(Host(tmp_path / "empty"), plugins).endswith("/portero.sock")

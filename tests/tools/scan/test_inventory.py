"""What a daemon holds, asked of it; a daemon that does not answer is an error in one sentence."""

import sys
from pathlib import Path

import pytest

from tests.tools.cli.running import fault_of, portero
from tests.tools.scan.recorded_daemon import Daemon
from tests.tools.scan.scanning import found, refused, scan


def test_a_node_that_is_no_manager_says_that_it_does_not_see_services(daemon: Daemon) -> None:
    daemon.answers["/info"]["Swarm"]["ControlAvailable"] = False

    assert "this node is not a manager of its swarm: services were not judged" in scan(daemon).output
    # Without swarm's word the containers of services count as anybody's.
    assert {"svc", "caps"} <= {thing["name"].partition(".")[0] for thing in found(daemon)["objects"]}


def test_what_goes_away_meanwhile_is_left_out(daemon: Daemon) -> None:
    priv = daemon.named("priv")
    del daemon.answers[f"/containers/{priv['Id']}/json"]

    assert "priv" not in refused(found(daemon))


def test_a_daemon_that_refuses_is_exit_status_2(daemon: Daemon) -> None:
    del daemon.answers["/networks"]

    assert fault_of(scan(daemon)).startswith("portero: dockerd: ")


def test_nobody_at_the_socket_is_exit_status_2(tmp_path: Path) -> None:
    address = f"unix://{tmp_path}/none.sock"
    result = portero("scan", "--docker-host", address)

    assert (result.exit_code, result.stderr) == (
        2,
        f"portero: {address}: No such file or directory; name the daemon's socket with --docker-host\n",
    )


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("tcp://10.0.0.7:2376", "10.0.0.7"),
        ("ssh://ops@web-1", "ops@web-1"),
        ("ssh://ops@web-1:2222", "ops@web-1"),
        ("fd://", "HOST"),
    ],
)
def test_a_daemon_of_another_host_is_scanned_there(address: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)

    assert fault_of(portero("scan")).splitlines()[-1] == (
        f"portero: DOCKER_HOST is {address}, and scan reads the files of the daemon's host too: "
        f"run ssh {host} portero scan"
    )


def test_scan_needs_no_package_that_an_installation_has_not(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("docker", "requests", "urllib3"):
        monkeypatch.setitem(sys.modules, name, None)

    assert scan(daemon).exit_code == 1

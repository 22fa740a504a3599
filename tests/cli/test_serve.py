"""`portero serve` as a process: start, end, reload, and what it does not start with."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from portero import __version__
from tests.server.commands import ask, command, create, run, serve
from tests.server.running import ROOT, Server, started


def test_the_start_is_one_line_and_the_end_is_silent(tmp_path: Path) -> None:
    with started(serve(tmp_path), tmp_path / "portero.sock") as running:
        status, errors = running.stop()

    (line,) = errors.splitlines()
    assert status == 0
    assert line.startswith(f"portero: version {__version__}, ")
    profiles = "profile hardened, audit profile restricted, mode enforce"
    assert line.endswith(f" rules, {profiles}, socket {tmp_path}/portero.sock")
    assert not (tmp_path / "portero.sock").exists()


def test_mode_audit_is_shown_and_status_finds_it(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    with started(serve(tmp_path, "--mode", "audit"), path) as running:
        assert ask(running, create(Privileged=True)) == {"Allow": True, "Msg": ""}
        told = run("status", "--socket", str(path))
        _, errors = running.stop()

    assert told.returncode == 1
    assert (
        "portero: warning: NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off"
        in errors
    )
    assert told.stdout.splitlines()[0].split(maxsplit=1) == [
        "attention",
        "NOTHING IS ENFORCED: mode audit allows and logs every request that does not turn Portero off",
    ]


def test_the_environment_sets_it_too(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    environ = {"PORTERO_SOCKET": str(path), "PORTERO_PROFILE": "restricted", "PORTERO_HOST_ROOT": "none"}
    with started(command("serve"), path, **environ) as running:
        assert running.ask("GET", "/healthz")[1]["profile"] == "restricted"


def test_a_socket_of_systemd_is_the_one_it_names(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    launcher = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.execv(sys.executable, [sys.executable, *sys.argv[2:]])"
    )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        held.bind(str(path))
        held.listen()
        arguments = ["-c", launcher, str(held.fileno()), *command("serve", "--host-root", "none")]
        with started(arguments, path, held.fileno(), LISTEN_FDS="1") as running:
            assert running.ask("GET", "/status")[1]["socket"] == str(path)
            assert running.stop()[0] == 0

    assert path.is_socket()


def test_a_second_portero_on_the_same_socket_gives_up(tmp_path: Path) -> None:
    path = tmp_path / "portero.sock"
    with started(serve(tmp_path), path) as first:
        second = run("serve", "--socket", str(path), "--host-root", "none")

        assert second.returncode == 2
        assert second.stderr == (
            f"portero: {path}: another process listens there; stop it, or choose another PORTERO_SOCKET\n"
        )
        assert first.ask("POST", "/Plugin.Activate")[0] == 200


def test_a_socket_in_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = run("serve", "--socket", str(tmp_path / "file" / "portero.sock"), "--host-root", "none")

    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"portero: {tmp_path}/file/portero.sock: ")


def test_an_invalid_policy_takes_no_socket(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text('{"acshuns": {}, "runtimes": 7}')

    told = run(*serve(tmp_path, "--schemas", str(tmp_path))[2:])

    assert told.returncode == 2
    assert len(told.stderr.splitlines()) == 2
    assert not (tmp_path / "portero.sock").exists()


def test_a_wrong_descriptor_from_systemd_is_refused(tmp_path: Path) -> None:
    launcher = (
        "import os, sys; os.dup2(os.open('/dev/null', 0), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    told = subprocess.run(
        [sys.executable, "-c", launcher, *serve(tmp_path)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin"), "LISTEN_FDS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 2
    assert told.stderr.startswith("portero: ")


def reloaded(server: Server, expected: object) -> Any:
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told = server.ask("GET", "/status")[1]
        if bool(told["reloadFaults"]) is expected:
            return told
        time.sleep(0.1)
    return pytest.fail("the reload does not show")


def test_an_invalid_policy_at_a_reload_leaves_the_old_one_in_force_and_status_says_so(tmp_path: Path) -> None:
    policy = tmp_path / "policy" / "site.json"
    policy.parent.mkdir()
    policy.write_text('{"actions": {"no-privileged": "audit"}}')
    path = tmp_path / "portero.sock"
    with started(serve(tmp_path, "--profile", "baseline", "--schemas", str(policy.parent)), path) as running:
        policy.write_text("{")

        (fault,) = reloaded(running, expected=True)["reloadFaults"]

        assert str(policy) in fault
        assert ask(running, create(Privileged=True))["Allow"] is True
        assert run("status", "--socket", str(path)).returncode == 1
        policy.write_text("{}")
        reloaded(running, expected=False)
        time.sleep(1)  # another worker may follow a moment later
        assert ask(running, create(Privileged=True))["Allow"] is False
        _, errors = running.stop()
    assert f"portero: error: not reloaded, the old policy stays in force: {fault}" in errors

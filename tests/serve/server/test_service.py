"""The service as a process: start, end, reload, and what it does not start with."""

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from portero import __version__
from tests.serve.server.commands import ask, command, create, run, run_python, serve
from tests.serve.server.running import Server, started
from tests.waiting import soon

LIST = {"RequestMethod": "GET", "RequestUri": "/v1.45/containers/json"}


def test_the_start_is_one_line_and_the_end_is_silent(tmp_path: Path) -> None:
    with started(serve(tmp_path), tmp_path / "portero.sock") as running:
        status, errors = running.stop()

    (line,) = errors.splitlines()
    assert status == 0
    assert line.startswith(f"portero: version {__version__}, ")
    profiles = "profile hardened, audit profile restricted, mode enforce"
    assert line.endswith(f" rules, {profiles}, socket {tmp_path}/portero.sock")
    assert not (tmp_path / "portero.sock").exists()


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
        second = run("serve", "--socket", str(path), "--host-root", "none", "--log", "-")

        assert second.returncode == 2
        assert second.stderr == (
            f"portero: {path}: another process listens there; stop it, or choose another PORTERO_SOCKET\n"
        )
        assert first.ask("POST", "/Plugin.Activate")[0] == 200


def test_a_socket_in_a_place_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    told = run("serve", "--socket", str(tmp_path / "file" / "portero.sock"), "--host-root", "none", "--log", "-")

    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert line.startswith(f"portero: {tmp_path}/file/portero.sock: ")


def test_with_a_policy_that_cannot_be_used_it_runs_and_refuses_until_that_is_mended(tmp_path: Path) -> None:
    policy, path = tmp_path / "policy", tmp_path / "portero.sock"
    words = serve(tmp_path, "--schemas", str(policy))
    checked = run(*words[2:], "--check")
    with started(words, path) as running:
        refused = " ".join(ask(running, json.dumps(LIST).encode())["Msg"].split())
        policy.mkdir()
        (policy / "site.json").write_text("{}")
        assert soon(lambda: ask(running, json.dumps(LIST).encode())["Allow"])
        assert "portero_policy_usable 1.0" in running.text("/metrics")
    fixed = run(*words[2:], "--check")

    assert (checked.returncode, checked.stderr.count("\n")) == (2, 1)
    assert f"policy-unusable Portero has no policy: {policy}" in refused
    assert (fixed.returncode, fixed.stderr) == (0, "")


def test_with_an_invalid_policy_it_begins_with_the_one_that_was_in_force_last(tmp_path: Path) -> None:
    (tmp_path / "policy").mkdir()
    site, path = tmp_path / "policy" / "site.json", tmp_path / "portero.sock"
    site.write_text('{"actions": {"no-privileged": "off"}}')
    words = serve(tmp_path, "--profile", "baseline", "--schemas", str(site.parent))
    with started(words, path) as running:
        assert ask(running, create(Privileged=True))["Allow"] is True
        site.write_text("{")
        reloaded(running, expected=True)
        before = run("status", "--socket", str(path))
    with started(words, path) as running:
        assert ask(running, create(Privileged=True))["Allow"] is True
        told = run("status", "--socket", str(path))

    assert f"; the next start would take it from {tmp_path}/state/last-policy.json" in before.stdout
    assert told.returncode == 1
    assert "policy folder is invalid; still enforcing the policy of" in told.stdout
    assert f"{site}: " in told.stdout


def serve_through(code: str, *words: str, **environ: str) -> str:
    """What `portero serve` says that ends with 2, as it is started by this code."""
    told = run_python("-c", code, *words, **environ)
    assert told.returncode == 2
    return told.stderr


def test_systemd_hears_that_it_is_ready_and_what_is_wrong(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        words = serve(tmp_path, "--schemas", str(tmp_path / "policy"))
        with started(words, tmp_path / "portero.sock", NOTIFY_SOCKET=str(tmp_path / "notify")):
            begun = [systemd.recv(1000).decode(), systemd.recv(1000).decode()]
            (tmp_path / "policy").mkdir()
            (tmp_path / "policy" / "site.json").write_text("{}")
            while (fixed := systemd.recv(1000).decode()).startswith("STATUS=no policy"):
                pass

    assert begun[0].startswith(f"STATUS=no policy, and nothing is allowed until this is fixed: {tmp_path}/policy")
    assert begun[1:] == ["READY=1"]
    assert fixed == "STATUS=mode enforce"


def test_a_wrong_descriptor_from_systemd_is_refused(tmp_path: Path) -> None:
    launcher = (
        "import os, sys; os.dup2(os.open('/dev/null', 0), 3); os.environ['LISTEN_PID'] = str(os.getpid());"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    assert serve_through(launcher, *serve(tmp_path), LISTEN_FDS="1").startswith("portero: ")


def reloaded(server: Server, expected: object) -> Any:
    server.process.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told = server.ask("GET", "/status")[1]
        if bool(told["reloadFaults"]) is expected:
            return told
        time.sleep(0.1)
    return pytest.fail("the reload does not show")

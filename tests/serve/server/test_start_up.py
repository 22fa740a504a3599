"""Room for connections, standard streams, and a plugin that cannot start and stays until dockerd ends it."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from portero.serve.server import start_up
from portero.serve.server.start_up import count_connections, wait_for_end
from tests.paths import ROOT
from tests.serve.server.commands import ask, create, serve
from tests.serve.server.running import started

RAISE = (
    "import resource, sys\n"
    "from portero.serve.server.start_up import raise_limit\n"
    "resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))\n"
    "print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))\n"
)
ENVIRON = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "plugin")}


@pytest.mark.parametrize(
    ("soft", "hard", "raised"),
    [(1024, 4096, "4032 4032 4096"), (64, 256, "256 256 256"), (64, 64, "64 64 64"), (4050, 4096, "4050 4050 4096")],
)
def test_the_soft_limit_is_raised_as_far_as_needed_and_allowed(soft: int, hard: int, raised: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", RAISE, str(soft), str(hard)], env=ENVIRON, capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == raised


@pytest.mark.parametrize(("limit", "connections"), [(4032, 1000), (1 << 20, 1000), (1024, 248), (64, 8), (20, 1)])
def test_connections_leave_descriptors_to_read_the_host(limit: int, connections: int) -> None:
    assert count_connections(limit) == connections


@pytest.mark.parametrize("unit", ["portero.service", "portero-rootless@.service"])
def test_the_units_allow_the_connections(unit: str) -> None:
    text = (ROOT / "packaging" / "systemd" / unit).read_text()

    assert count_connections(int(text.partition("\nLimitNOFILE=")[2].partition("\n")[0])) == 1000


def test_with_64_descriptors_a_crowd_of_connections_turns_no_answer_from_deny_to_allow(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    options = ("--profile", "baseline", "--host-root", "auto")
    mount, harmless = create(Binds=["/run:/x:ro"]), create()
    # The child inherits the limit; this process keeps its own.
    code = (
        "import os, resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    with started(["-c", code, *serve(tmp_path, *options)], tmp_path / "portero.sock") as server:
        crowd = [server.connection() for _ in range(200)]
        for connection in crowd:
            connection.connect()
        for connection in crowd[:5]:
            connection.close()
        answers = []
        for connection in crowd[100:]:
            connection.close()
        for connection in crowd[5:100]:
            connection.request("POST", "/AuthZPlugin.AuthZReq", mount)
            answers.append(connection.getresponse().read())
            connection.close()
        assert [answer for answer in answers if b'"Allow": true' in answer] == []
        assert ask(server, harmless)["Allow"] is True
        assert ask(server, mount)["Allow"] is False
        _, errors = server.stop()
    assert "internal error" not in errors
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)


@pytest.mark.parametrize("closed", [(1,), (0, 1, 2), (0, 2)])
def test_closed_standard_streams_take_no_lines(tmp_path: Path, closed: tuple[int, ...]) -> None:
    code = (
        "import os, sys\n"
        f"for number in {closed}: os.close(number)\n"
        "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    )
    with started(["-c", code, *serve(tmp_path)], tmp_path / "portero.sock") as server:
        assert ask(server, create(Privileged=True))["Allow"] is False
        for process in (server.process.pid, *server.workers()):
            assert [os.readlink(f"/proc/{process}/fd/{number}") for number in closed] == ["/dev/null"] * len(closed)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0
    assert (tmp_path / "decisions.jsonl").read_text().count("\n") >= 1


def test_a_log_to_a_closed_standard_output_ends_with_status_2(tmp_path: Path) -> None:
    arguments = [*serve(tmp_path), "--log", "-"]

    ran = subprocess.run(
        ["sh", "-c", f'exec {sys.executable} "$@" >&-', "sh", *arguments],
        env=ENVIRON,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 2
    assert "PORTERO_LOG: standard output is closed; open it, or name a file" in ran.stderr


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    monkeypatch.setattr(start_up, "_FIRST_PROCESS", os.getpid())
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_any_other_process_ends_at_once() -> None:
    began = time.monotonic()

    wait_for_end(30)

    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("first")
def test_the_first_process_waits_for_its_time() -> None:
    began = time.monotonic()

    wait_for_end(0.2)

    assert time.monotonic() - began >= 0.2


@pytest.mark.usefixtures("first")
def test_the_first_process_ends_at_dockerd_s_signal() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM,))
    # To this thread alone: threads that other tests leave behind do not block the signal and would end the tests.
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    began = time.monotonic()

    wait_for_end(30)

    assert time.monotonic() - began < 5

"""Metrics of the real server: on its own socket and on a loopback port."""

import http.client
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from portero.server.metrics_port import CachedText, Exporter
from tests.server.commands import ask, create, run, serve
from tests.server.running import Server, started
from tests.waiting import soon

CREATED = 'portero_decisions_total{operation="ContainerCreate",outcome="%s"}'


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def figures(connection: http.client.HTTPConnection) -> dict[str, float]:
    connection.request("GET", "/metrics")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def on_port(port: int, host: str = "127.0.0.1") -> dict[str, float]:
    return figures(http.client.HTTPConnection(host, port, timeout=10))


def ended(port: int) -> bool:
    def refuses() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    return soon(refuses)


def ask_many(server: Server, number: int) -> None:
    for _ in range(number):
        ask(server, create())
        ask(server, create(Privileged=True))


def test_each_scrape_tells_what_was_decided(tmp_path: Path) -> None:
    port = free_port()
    options = ("--profile", "baseline", "--metrics-address", f"127.0.0.1:{port}")
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        ask_many(running, 20)

        for told in (figures(running.connection()), on_port(port), figures(running.connection())):
            assert (told[CREATED % "allowed"], told[CREATED % "refused"]) == (20, 20)
            assert told['portero_violations_total{action="deny",rule="no-privileged"}'] == 20
            assert told["portero_enforcing"] == 1
            assert time.time() - told["portero_policy_loaded_timestamp_seconds"] < 60
        assert running.stop()[0] == 0
    assert ended(port)


def test_counts_go_on_at_a_reload_and_begin_anew_in_another_decider(tmp_path: Path) -> None:
    policy = tmp_path / "policy" / "site.json"
    policy.parent.mkdir()
    policy.write_text("{}")
    port = free_port()
    options = ("--profile", "baseline", "--schemas", str(policy.parent), "--metrics-address", f"127.0.0.1:{port}")
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        ask_many(running, 5)
        policy.write_text("{")
        running.process.send_signal(signal.SIGHUP)
        assert soon(lambda: on_port(port)["portero_policy_load_failures_total"])
        ask_many(running, 5)
        assert soon(lambda: on_port(port)[CREATED % "allowed"] == 10)

        _exporter, decider = running.workers()
        os.kill(decider, signal.SIGKILL)
        ask_many(running, 5)
        assert soon(lambda: on_port(port)[CREATED % "allowed"] == 5)
        assert figures(running.connection())[CREATED % "refused"] == 5


def test_many_scrapes_at_once_cost_the_decider_one() -> None:
    made: list[float] = []

    def text() -> bytes:
        made.append(time.monotonic())
        return b"figures"

    kept = CachedText(text)
    with ThreadPoolExecutor(8) as pool:
        assert {*pool.map(lambda _: kept(), range(50))} == {b"figures"}

    assert len(made) <= 1 + made[-1] - made[0]


def test_without_a_decider_the_port_says_that_there_are_no_metrics_now() -> None:
    def fail() -> bytes:
        raise ConnectionRefusedError

    exporter = Exporter(("127.0.0.1", 0), fail)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
        connection.request("GET", "/metrics")
        assert connection.getresponse().status == 503
        connection.close()
    finally:
        exporter.stop()


def test_the_port_leads_to_nothing_else(tmp_path: Path) -> None:
    port = free_port()
    options = ("--metrics-address", f"127.0.0.1:{port}")
    with started(serve(tmp_path, *options), tmp_path / "portero.sock"):
        statuses = []
        for method, path in (
            ("POST", "/AuthZPlugin.AuthZReq"),
            ("GET", "/status"),
            ("GET", "/metrics/"),
            ("PUT", "/metrics"),
        ):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request(method, path, b"{}")
            statuses.append(connection.getresponse().status)
            connection.close()

    assert statuses == [501, 404, 404, 501]


def test_the_port_goes_when_the_server_is_killed(tmp_path: Path) -> None:
    port = free_port()
    options = ("--metrics-address", f"127.0.0.1:{port}")
    with started(serve(tmp_path, *options), tmp_path / "portero.sock") as running:
        running.process.kill()

        assert ended(port)


def test_a_port_in_use_is_named_and_no_socket_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run(*serve(tmp_path, "--metrics-address", f"127.0.0.1:{port}")[2:])

    assert told.returncode == 2
    assert told.stderr == "portero: PORTERO_METRICS_ADDRESS: Address already in use; choose another port\n"
    assert not (tmp_path / "portero.sock").exists()


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_the_loopback_of_ipv6_will_do(tmp_path: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            port = probe.getsockname()[1]
    except OSError:
        pytest.skip("this machine has no IPv6")
    with started(serve(tmp_path, "--metrics-address", f"[::1]:{port}"), tmp_path / "portero.sock"):
        assert on_port(port, "::1")["portero_enforcing"] == 1


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9323", 200),
        ("localhost", 200),
        ("LOCALHOST:80", 200),
        ("[::1]:9323", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:80@evil.example", 421),
        ("", 421),
    ],
)
def test_a_page_that_calls_itself_otherwise_reads_nothing(host: str, status: int) -> None:
    exporter = Exporter(("127.0.0.1", 0), lambda: b"figures")
    try:
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
        connection.request("GET", "/metrics", headers={"Host": host})
        answer = connection.getresponse()
        assert (answer.status, b"figures" in answer.read()) == (status, status == 200)
        connection.close()
    finally:
        exporter.stop()


def test_idle_connections_are_bounded_and_cost_no_time() -> None:
    exporter = Exporter(("127.0.0.1", 0), lambda: b"figures")
    idle = []
    try:
        for _ in range(60):
            idle.append(socket.create_connection(("127.0.0.1", exporter.port), timeout=10))
        time.sleep(1)
        fields = Path(f"/proc/{exporter._process}/stat").read_text().rpartition(")")[2].split()
        threads, ticks = int(fields[17]), int(fields[11]) + int(fields[12])
        assert threads <= 34
        time.sleep(1)
        fields = Path(f"/proc/{exporter._process}/stat").read_text().rpartition(")")[2].split()
        assert int(fields[11]) + int(fields[12]) - ticks < 20
        for one in idle:
            one.close()
        time.sleep(0.5)
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
        connection.request("GET", "/metrics")
        assert connection.getresponse().read() == b"figures"
        connection.close()
    finally:
        for one in idle:
            one.close()
        exporter.stop()


def test_the_end_signals_no_process_that_has_the_number_of_an_exporter_which_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exporter = Exporter(("127.0.0.1", 0), lambda: b"")
    os.kill(exporter._process, signal.SIGKILL)
    # As gunicorn's arbiter does.
    os.waitpid(exporter._process, 0)
    signalled: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: signalled.append((process, number)))

    exporter.stop()

    assert signalled == []

"""The shipped configurations of collectors at work: the real rsyslog, and syslog-ng where it is installed."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from portero.forwarding.destination import Destination
from portero.forwarding.ship import Shipper
from portero.forwarding.state import ForwardState
from portero.forwarding.syslog_receiver import SyslogReceiver
from tests.paths import ROOT
from tests.waiting import soon

from .lines import text

LOGS = ROOT / "examples" / "logs"
LINES = 300


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def configuration(name: str, folder: Path, port: int) -> Path:
    shipped = (LOGS / name).read_text().replace("/var/log/portero-hosts", str(folder / "hosts"))
    shipped = shipped.replace('port="601"', f'address="127.0.0.1" port="{port}"').replace("port(601)", f"port({port})")
    file = folder / name
    file.write_text(f"@version: 4.8\n{shipped}" if name.startswith("syslog-ng") else shipped)
    return file


@contextmanager
def collector(*words: str | Path) -> Iterator[None]:
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def collected(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for file in (folder / "hosts").glob("*.jsonl") for line in file.read_text().splitlines()]


def deliver(folder: Path, port: int) -> None:
    """Ship a log until the collector has all of it."""
    (folder / "log").write_bytes(b"".join(text(f"d-{number}") for number in range(LINES)))
    receiver = SyslogReceiver(Destination("tcp", "127.0.0.1", port), "portero", None)
    ship = Shipper(folder / "log", receiver, folder / "forward.json", ForwardState())
    soon(lambda: not ship.step() and len(collected(folder)) == LINES)
    ship.close()


def check(folder: Path) -> None:
    found = collected(folder)
    assert {str(entry["id"]) for entry in found} == {f"d-{number}" for number in range(LINES)}
    assert {str(entry["operation"]) for entry in found} == {"ContainerCreate"}
    # Masked.
    assert [entry for entry in found if {"user", "groups", "image"} & entry.keys()] == []


@pytest.mark.skipif(shutil.which("rsyslogd") is None, reason="needs rsyslog: apt-get install rsyslog")
def test_the_configuration_for_rsyslog(tmp_path: Path) -> None:
    port = free_port()
    file = configuration("rsyslog.conf", tmp_path, port)
    with collector("rsyslogd", "-n", "-f", file, "-i", tmp_path / "pid"):
        deliver(tmp_path, port)
    check(tmp_path)


# rsyslog and syslog-ng exclude each other as packages, and CI has the first.
if shutil.which("syslog-ng") is not None:

    def test_the_configuration_for_syslog_ng(tmp_path: Path) -> None:
        port = free_port()
        file = configuration("syslog-ng.conf", tmp_path, port)
        own = ("-R", tmp_path / "persist", "-p", tmp_path / "pid", "-c", tmp_path / "ctl")
        with collector("syslog-ng", "-F", "--no-caps", "-f", file, *own):
            deliver(tmp_path, port)
        check(tmp_path)

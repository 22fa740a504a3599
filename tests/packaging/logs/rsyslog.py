"""The real rsyslog with the shipped configurations; it can be stopped, killed and started again."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

import pytest

from portero.tools.cli import main
from tests.paths import ROOT
from tests.waiting import soon

SHIPPED = ROOT / "packaging" / "logs"
COLLECTORS = ROOT / "examples" / "logs"
# Seconds until what does not end is killed; systemd waits 90.
_PATIENCE = 2
needs_rsyslog = pytest.mark.skipif(
    shutil.which("rsyslogd") is None or not any(Path("/usr/lib").glob("*/rsyslog/omrelp.so")),
    reason="needs rsyslog: apt-get install rsyslog rsyslog-relp rsyslog-openssl",
)
needs_logrotate = pytest.mark.skipif(
    shutil.which("logrotate") is None, reason="needs logrotate: apt-get install logrotate"
)


def line(id: str = "d-1", *, allowed: bool = False, **more: object) -> dict[str, object]:
    """A decision as the log has it."""
    return {
        "version": 2,
        "id": id,
        "time": "2026-11-24T15:00:00.123Z",
        "user": "alicia",
        "groups": ["dev"],
        "operation": "ContainerCreate",
        "apiVersion": "1.45",
        "method": "POST",
        "path": "/v1.45/containers/create",
        "image": "busybox",
        "allowed": allowed,
        "profile": "hardened",
        "violations": [{"rule": "no-privileged", "action": "deny"}, {"rule": "no-privileged", "action": "deny"}],
        "policy": "abc",
        "microseconds": 300,
        **more,
    }


def text(id: str = "d-1", *, allowed: bool = False, **more: object) -> bytes:
    """The line as it is written, with its end of line."""
    return json.dumps(line(id, allowed=allowed, **more), separators=(",", ":")).encode() + b"\n"


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Program:
    """A log agent or a receiver that runs for the length of a block, with a folder of its own."""

    def __init__(self, folder: Path, words: Sequence[str | Path]) -> None:
        self._folder, self._words = folder, words
        folder.mkdir(exist_ok=True)
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._errors = (self._folder / "errors").open("a")
        self._process = subprocess.Popen(self._words, stdout=self._errors, stderr=self._errors)
        assert soon(lambda: self._is_up() or self._process.poll() is not None)
        assert self._process.poll() is None, self.errors()

    def _is_up(self) -> bool:
        return True

    def errors(self) -> str:
        return (self._folder / "errors").read_text()

    def stop(self) -> None:
        """As systemd does, with less patience."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
        self._errors.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(60)
        self._errors.close()


class Rsyslog(Program):
    """One rsyslogd under this configuration."""

    def __init__(self, folder: Path, configuration: str, enter: Sequence[str] = ()) -> None:
        (folder / "work").mkdir(parents=True)
        file, self._pid = folder / "rsyslog.conf", folder / "pid"
        # As Debian's own rsyslog.conf says it.
        file.write_text(f'global(workDirectory="{folder}/work")\n{configuration}')
        super().__init__(folder, [*enter, "rsyslogd", "-n", "-f", file, "-i", self._pid])

    def _is_up(self) -> bool:
        return self._pid.exists()

    def kill(self) -> None:
        super().kill()
        self._pid.unlink(missing_ok=True)


def change(text: str, changes: Mapping[str, str]) -> str:
    """A configuration with other places; each must stand in it."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def sending(name: str, folder: Path, port: int, certificates: Path) -> str:
    """The configuration of a guarded host, whose log is in this folder."""
    places = {
        'target="logs.example.com" port="6514"': f'target="127.0.0.1" port="{port}"',
        "/etc/portero/logs/": f"{certificates}/web1.example.com/",
    }
    return change((SHIPPED / name).read_text(), places).replace("/var/log/portero", str(folder))


def collecting(folder: Path, port: int, certificates: Path) -> str:
    """The configuration of the machine that collects: a file a host and day in this folder."""
    places = {
        'port="6514"': f'address="127.0.0.1" port="{port}"',
        "/etc/portero/logs/": f"{certificates}/logs.example.com/",
        "/var/log/portero-hosts": str(folder),
    }
    return change((COLLECTORS / "rsyslog.conf").read_text(), places)


def make_certificates(folder: Path) -> Path:
    """An authority, and certificates of the machine that collects and of a host."""
    for words in (
        "ca {}",
        "server {} --host logs.example.com",
        "server {} --host localhost",
        "client {} --user web1.example.com",
    ):
        main(["certs", *words.format(folder).split()], standalone_mode=False)
    return folder


def as_syslog(configuration: str) -> str:
    """The same with the action in comments in the place of the one above it."""
    without, number = re.subn(r'^  action\(type="omrelp".*?\)\n', "", configuration, flags=re.S | re.M)
    assert number == 1
    return re.sub(r"^  #(action\(type=\"omfwd\"|  )", r"  \1", without, flags=re.M)


def collected(folder: Path) -> list[dict[str, object]]:
    """Every whole line that the machine that collects has."""
    return [
        json.loads(line)
        for file in folder.glob("*.jsonl")
        for line in file.read_text().rpartition("\n")[0].splitlines()
    ]

"""A guarded host with its log, and what happens to it while log agents send the lines on."""

import subprocess
import time
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.waiting import soon

from .rsyslog import Program, change, collected, collecting, free_port, make_certificates, sending, text


class Host:
    """A guarded host with its log, and the machine that collects."""

    def __init__(self, folder: Path, certificates: Path) -> None:
        self.folder = folder
        self.log = folder / "log" / "decisions.jsonl"
        self.log.parent.mkdir()
        self.port = free_port()
        self.certificates = certificates
        self.written = 0

    def write(self, number: int) -> None:
        with self.log.open("ab") as log:
            log.write(b"".join(text(f"d-{each}") for each in range(self.written, self.written + number)))
        self.written += number

    def survive_killed(self, receiver: Program) -> None:
        """Lose no line while it is killed again and again."""
        self.write(100)
        assert soon(self.has_all)
        for _ in range(3):
            self.write(2000)
            receiver.kill()
            self.write(200)
            receiver.start()
            assert soon(self.has_all)

    def write_through_ends(self, sender: Program) -> None:
        """Write while it is stopped, killed and stopped again."""
        for end in (sender.stop, sender.kill, sender.stop):
            self.write(300)
            # What it is reading at this very moment would be lost when it is killed (docs/forwarding.md).
            time.sleep(0.5)
            end()
            self.write(300)
            sender.start()

    def survive_rotations(self, sender: Program) -> None:
        """Lose no line while the log is rotated, and what sends it runs or is stopped."""
        rules = self.folder / "rules"
        shipped = (ROOT / "packaging" / "files" / "logrotate").read_text()
        rules.write_text(change(shipped, {"/var/log/portero": str(self.log.parent)}))
        rotate = ["logrotate", "--force", "--state", self.folder / "state", rules]
        for turn in range(6):
            self.write(100)
            if turn % 2:
                sender.stop()
                self.write(100)
            subprocess.run(rotate, check=True, capture_output=True, timeout=60)
            self.write(100)
            if turn % 2:
                sender.start()
            assert soon(self.has_all), turn

    def sending(self, name: str = "rsyslog.conf") -> str:
        return sending(name, self.log.parent, self.port, self.certificates)

    def collecting(self) -> str:
        return collecting(self.folder / "hosts", self.port, self.certificates)

    def ids(self) -> list[str]:
        return [str(line["id"]) for line in collected(self.folder / "hosts")]

    def has_all(self) -> bool:
        """Whether every line arrived; one may come twice."""
        return {f"d-{number}" for number in range(self.written)} <= {*self.ids()}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def host(tmp_path: Path, certificates: Path) -> Host:
    return Host(tmp_path, certificates)

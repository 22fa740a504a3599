"""The probe before the start of dockerd: whether its unit lets it open devices."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from portero.tools.hostcheck import device_probe

START = {"INVOCATION_ID": "abc", "DOCKER_TMPDIR": "/srv/unpack"}
DEVICES = "Character devices:\n  1 mem\n 60 taken\n\nBlock devices:\n  7 loop\n 60 taken\n 61 taken\n"
ROOT = "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
NODEV = f"{ROOT}2 1 8:1 /srv/unpack /srv/unpack rw,nodev - ext4 /dev/sda1 rw\n"


class Start:
    """A start of docker.service whose control group closes devices, unless a test says otherwise."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.left = folder, folder / "left"
        self.made: list[int] = []
        self.errors = {os.O_RDONLY: errno.EPERM, os.O_WRONLY: errno.EPERM}
        self.write("cgroup", "0::/system.slice/docker.service\n")
        self.write("mountinfo", NODEV)
        (folder / "devices").write_text(DEVICES)
        # In the probe alone: temporary folders are made and removed by the real ones.
        self.kernel = SimpleNamespace(**{**vars(os), "mknod": self._make, "open": self._open})
        monkeypatch.setattr("portero.tools.hostcheck.device_probe.os", self.kernel)

    def write(self, name: str, text: str) -> None:
        (self.folder / "self").mkdir(exist_ok=True)
        (self.folder / "self" / name).write_text(text)

    def _make(self, _path: str, _mode: int, device: int) -> None:
        self.made.append(os.major(device))

    def _open(self, path: str, flags: int) -> int:
        raise OSError(self.errors[flags & os.O_ACCMODE], "error", path)

    def probe(self, *, unpacks: bool = True, **environ: str) -> str:
        folder, left = str(self.folder), str(self.left)
        return device_probe.probe_start({**START, **environ}, folder, proc=folder, left=left, unpacks=unpacks)

    def proof(self) -> str | None:
        file = self.left / "docker.service"
        return file.read_text() if file.exists() else None


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    return Start(tmp_path, monkeypatch)


def test_what_closes_devices_leaves_the_name_of_this_start(start: Start) -> None:
    assert (start.probe(), start.proof()) == ("", "abc")
    # The first numbers of each kind that no driver owns.
    assert start.made == [61, 62]


@pytest.mark.parametrize("flags", [os.O_RDONLY, os.O_WRONLY])
def test_a_device_that_the_kernel_looks_for_is_open(start: Start, flags: int) -> None:
    start.probe()
    start.errors[flags] = errno.ENXIO

    assert (start.probe(), start.proof()) == ("character devices can be opened", None)


def test_devices_that_cannot_be_made_are_a_fault(start: Start) -> None:
    def refuse(path: str, mode: int, device: int) -> None:
        raise PermissionError(errno.EPERM, "refused", path)

    start.kernel.mknod = refuse

    assert "DeviceAllow=char-* m" in start.probe()


@pytest.mark.parametrize(("mounts", "folder"), [(ROOT, "/srv/unpack"), (NODEV, ""), (NODEV, "/srv/other")])
def test_archives_must_be_unpacked_without_devices(start: Start, mounts: str, folder: str) -> None:
    start.write("mountinfo", mounts)

    assert "on no mount with the option nodev" in start.probe(DOCKER_TMPDIR=folder)
    assert start.probe(unpacks=False, DOCKER_TMPDIR=folder) == ""


def test_without_systemd_there_is_no_start_to_name(start: Start) -> None:
    assert start.probe(INVOCATION_ID="") == "systemd starts no unit here"
    start.write("cgroup", "0::/user.slice\n")
    assert start.probe() == "systemd starts no unit here"


def test_where_drivers_own_all_numbers_nothing_is_known(start: Start) -> None:
    owned = "".join(f"{number} x\n" for number in range(60, 128))
    (start.folder / "devices").write_text(f"Character devices:\n{owned}\nBlock devices:\n")

    assert "own all character devices" in start.probe()

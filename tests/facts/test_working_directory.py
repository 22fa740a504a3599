"""Working directories that lead through what a process has open (CVE-2024-21626), and ordinary ones."""

import pytest

from portero.facts import working_directory

OF_PROCESS = [
    "/proc/self/fd/8",
    "/proc/self/fd",
    "/proc//self/./fd/8/",
    "//proc/self/fd/8",
    "proc/self/fd/8",
    "/proc/thread-self/fd/7",
    "/proc/1/fd/7",
    "/proc/self/task/1/fd/7",
    "/proc/1/root/etc",
    "/proc/42/cwd",
    "/dev/fd/8",
    "/dev//fd",
    "/proc/self/fd/8/../../..",
    "/app/../proc/self/fd/8",
    "/proc/net/../fd/8",
    "/dev/x/../fd/8",
    # /sys/class/net/lo/subsystem is a link to /sys/class/net, so that the kernel is at / here.
    "/sys/class/net/lo/subsystem/../../../proc/self/fd/8",
]
ORDINARY = [
    "",
    "/",
    "/app",
    "/srv/fd",
    "/srv/proc/self/fd/8",
    "/app/../srv",
    "/proc",
    "/proc/self",
    "/proc/sys/net",
    "/proc/1/net",
    "/proc/selfish/fd",
    "/dev/shm",
    "/dev/fdx/8",
    "/$HOME",
]


@pytest.mark.parametrize("path", OF_PROCESS)
def test_a_path_through_what_a_process_has_open_is_found(path: str) -> None:
    found = working_directory.read_working_directory({"WorkingDir": path}, "WorkingDir", "At")

    assert found == {"value": path, "ofProcess": True, "at": "At"}


@pytest.mark.parametrize("path", ORDINARY)
def test_an_ordinary_path_is_none(path: str) -> None:
    found = working_directory.read_working_directory({"WorkingDir": path}, "WorkingDir", "At")

    assert found == {"value": path, "ofProcess": False, "at": "At"}

"""The files of a host below a root: links stay inside, and what cannot be looked at is an OSError."""

import os
from pathlib import Path

import pytest

from portero.observe.files.chroot import Files
from tests.tools.hostcheck.host_tree import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_an_absolute_link_stays_below_the_root(host: Host) -> None:
    host.write("/run/docker.pid", "42")
    host.link("/var/run", "/run")

    assert host.files.read_text("/var/run/docker.pid") == "42"
    assert host.files.resolve_path("/var/run/docker.pid") == "/run/docker.pid"
    assert host.files.outside("/var/run/docker.pid") == str(host.at("/run/docker.pid"))


def test_what_is_not_there_is_told_from_what_cannot_be_read(host: Host) -> None:
    host.link("/circle", "/circle")

    assert host.files.read_text_or("/nothing", "-") == "-"
    assert not host.files.exists("/nothing/below")
    with pytest.raises(PermissionError):
        host.files.exists("/circle")
    with pytest.raises(PermissionError):
        host.files.read_text_or("/circle", "-")


def test_a_pipe_is_not_waited_for(host: Host) -> None:
    os.mkfifo(host.at("/pipe"))

    with pytest.raises(PermissionError):
        host.files.read_text("/pipe")


def test_bytes_that_are_no_text_do_not_stop_the_reading(host: Host) -> None:
    host.write("/odd", "")
    host.at("/odd").write_bytes(b"a\xff")

    assert host.files.read_text("/odd") == "a\ufffd"


def test_names_are_sorted_and_none_where_there_is_no_folder(host: Host) -> None:
    host.write("/folder/b", "")
    host.write("/folder/a", "")

    assert host.files.list_names("/folder") == ["a", "b"]
    assert host.files.list_names("/nothing") == []


def test_the_running_kernel_can_be_read(tmp_path: Path) -> None:
    assert Files().read_text("/proc/sys/kernel/ostype") == "Linux\n"

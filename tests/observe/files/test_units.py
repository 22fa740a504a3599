"""Settings of systemd units: which file counts, and what a drop-in changes."""

from pathlib import Path

import pytest

from portero.observe.files import units
from tests.tools.hostcheck.host_tree import Host


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_without_a_unit_there_are_no_values(host: Host) -> None:
    assert units.read_setting(host.files, "docker.socket", "ListenStream") == []


def test_the_first_folder_with_the_unit_wins(host: Host) -> None:
    host.write("/etc/systemd/system/docker.socket", "[Socket]\nListenStream=/own.sock\n")
    host.write("/lib/systemd/system/docker.socket", "[Socket]\nListenStream=/run/docker.sock\n")

    assert units.read_setting(host.files, "docker.socket", "ListenStream") == ["/own.sock"]


def test_drop_ins_add_by_name_and_an_empty_value_takes_back(host: Host) -> None:
    host.write("/lib/systemd/system/docker.socket", "ListenStream = /a\n# ListenStream=/no\n;ListenStream=/no\n")
    host.write("/etc/systemd/system/docker.socket.d/20.conf", "ListenStream=\nListenStream=/c\n")
    host.write("/lib/systemd/system/docker.socket.d/10.conf", "ListenStream=/b\n")
    host.write("/lib/systemd/system/docker.socket.d/30.conf", "ListenStream=/d \\\n\n")
    host.write("/lib/systemd/system/docker.socket.d/40.txt", "ListenStream=/no\n")

    assert units.read_setting(host.files, "docker.socket", "ListenStream") == ["/c", "/d"]


def test_of_one_drop_in_name_the_first_folder_counts(host: Host) -> None:
    host.write("/lib/systemd/system/docker.service.d/10.conf", "LimitNOFILE=1\n")
    host.write("/etc/systemd/system/docker.service.d/10.conf", "LimitNOFILE=2\n")

    assert units.read_setting(host.files, "docker.service", "LimitNOFILE") == ["2"]


def test_drop_ins_of_all_services_and_of_set_property_count(host: Host) -> None:
    host.write("/etc/systemd/system/docker.service.d/50-LimitNOFILE.conf", "LimitNOFILE=1\n")
    host.write("/etc/systemd/system/service.d/60.conf", "LimitNOFILE=2\n")
    host.write("/run/systemd/system.control/docker.service.d/50-LimitNOFILE.conf", "LimitNOFILE=3\n")

    assert units.read_setting(host.files, "docker.service", "LimitNOFILE") == ["3", "2"]
    assert units.read_setting(host.files, "docker.socket", "LimitNOFILE") == []

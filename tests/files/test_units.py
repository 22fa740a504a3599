"""Settings of systemd units: which file counts, and what a drop-in changes."""

from portero.files import units
from tests.hostcheck.host_tree import Host


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

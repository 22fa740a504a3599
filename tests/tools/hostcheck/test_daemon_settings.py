"""daemon.json and dockerd's command line as one configuration."""

import os

import pytest

from portero.tools.hostcheck import daemon_settings
from portero.tools.hostcheck.daemon_settings import Configuration, list_first_steps
from portero.tools.hostcheck.fact import UNKNOWN
from tests.tools.hostcheck.host_tree import Host

FILE = "/etc/docker/daemon.json"


def read(host: Host) -> Configuration:
    return daemon_settings.read_configuration(host.files, daemon_settings.find_dockerd(host.files), FILE)


def test_the_first_steps_name_the_dockerd_that_is_meant_and_its_file(host: Host) -> None:
    host.dockerd("--config-file", "/etc/docker/second.json", pid="41")
    host.dockerd("--config-file", "/srv/first.json", pid="43")

    steps = list_first_steps(host.files)

    assert steps[0] == "tell dockerd 43, as root:"
    assert steps[1].endswith("to /srv/first.json")
    assert steps[2].endswith("(without systemd: kill -HUP 43)")


def test_the_first_steps_hold_before_a_dockerd_runs(host: Host) -> None:
    host.write("/proc/1/comm", "init\n")

    steps = list_first_steps(host.files)

    assert steps[0] == "tell dockerd, once it runs, as root:"
    assert steps[1].endswith("to /etc/docker/daemon.json")


def test_a_default_holds_where_neither_file_nor_flag_says_it(host: Host) -> None:
    host.dockerd()

    assert read(host).read_switch("icc", default=True) == {"value": True, "at": f"{FILE} icc"}
    assert read(host).read_text("log-driver", "json-file")["value"] == "json-file"
    assert read(host).read_texts("hosts")["value"] == []
    assert read(host).read_mapping("default-ulimits")["value"] == {}


def test_without_a_running_dockerd_the_file_tells_what_the_next_one_does_and_flags_are_unknown(host: Host) -> None:
    host.write(FILE, '{"icc": false}')

    assert read(host).read_switch("icc", default=True) == {"value": False, "at": f"{FILE} icc"}
    assert read(host).read_switch("iptables", default=True) == {"value": "unknown", "at": "dockerd --iptables"}


def test_a_flag_is_told_with_its_place(host: Host) -> None:
    host.dockerd("--icc=0", "--log-driver=syslog", "-H", "fd://", "--default-ulimit", "nofile=1:2")

    assert read(host).read_switch("icc", default=True) == {"value": False, "at": "dockerd --icc"}
    assert read(host).read_text("log-driver", "")["value"] == "syslog"
    assert read(host).read_texts("hosts") == {"value": ["fd://"], "at": "dockerd --host"}
    assert read(host).read_mapping("default-ulimits") == {"value": ["nofile=1:2"], "at": "dockerd --default-ulimit"}


@pytest.mark.parametrize(
    ("flags", "text", "found"),
    [
        (["--icc=nonsense"], None, {"value": UNKNOWN, "at": "dockerd --icc"}),
        ([], '{"icc": "false"}', {"value": UNKNOWN, "at": f"{FILE} icc"}),
        ([], "", {"value": True, "at": f"{FILE} icc"}),
        ([], '\ufeff{"icc": false}', {"value": False, "at": f"{FILE} icc"}),
        *(([], text, {"value": UNKNOWN, "at": FILE}) for text in ("{", "[]", '"x"', "[" * 100_000)),
    ],
    ids=["a word that is no switch", "a text", "empty file", "byte order mark", "cut", "list", "string", "too deep"],
)
def test_a_switch_is_read_as_dockerd_reads_it(host: Host, flags: list[str], text: str | None, found: object) -> None:
    if text is not None:
        host.write(FILE, text)
    host.dockerd(*flags)

    assert read(host).read_switch("icc", default=True) == found


def test_a_file_that_cannot_be_read_leaves_everything_unknown(host: Host) -> None:
    host.dockerd()
    host.unreadable(FILE)

    assert read(host).read_texts("hosts")["value"] == "unknown"


def test_the_command_line_may_name_another_file(host: Host) -> None:
    host.dockerd("--config-file=/srv/daemon.json")
    host.write("/srv/daemon.json", '{"icc": false}')

    assert read(host).read_switch("icc", default=True) == {"value": False, "at": "/srv/daemon.json icc"}


def test_a_file_that_is_newer_than_dockerd_does_not_tell_what_is_in_force(host: Host) -> None:
    host.write(FILE, '{"icc": false, "live-restore": true}')

    host.dockerd()
    assert read(host).read_switch("icc", default=True)["value"] is False
    host.dockerd(age=3600)
    changed = read(host)

    assert changed.read_switch("icc", default=True)["value"] == UNKNOWN
    assert "changed after dockerd started" in str(changed.read_switch("icc", default=True)["at"])
    assert changed.read_switch("userland-proxy", default=True)["value"] == UNKNOWN
    # A reload takes this one over.
    assert changed.read_switch("live-restore", default=False)["value"] is True


@pytest.mark.parametrize("is_link", [True, False], ids=["a link is newer", "the time of its start is unknown"])
def test_where_the_file_can_be_newer_than_dockerd_nothing_of_it_is_known(host: Host, is_link: bool) -> None:
    host.write("/srv/daemon.json" if is_link else FILE, '{"icc": false}')
    host.dockerd(age=3600 if is_link else -3600)
    if is_link:
        os.utime(host.at("/srv/daemon.json"))
        host.link(FILE, "/srv/daemon.json")
    else:
        host.at("/proc/42/stat").unlink()

    assert read(host).read_switch("icc", default=True)["value"] == UNKNOWN


@pytest.mark.parametrize(
    ("remedy", "noted"),
    [
        ('write "icc": false into daemon.json', "--icc"),
        ('write "default-ulimits": {"nofile": {"Name": "nofile"}} into daemon.json', "--default-ulimit"),
        ('write "iptables": true into daemon.json', ""),
        ("restart the host; icc is off", ""),
    ],
)
def test_a_remedy_says_which_of_its_keys_the_command_line_has(host: Host, remedy: str, noted: str) -> None:
    host.dockerd("--icc=0", "--default-ulimit", "nofile=1:2", "--log-driver=syslog")

    note = f"; take {noted} off dockerd's command line first: it does not start with both" if noted else ""
    assert read(host).note_flags(remedy) == remedy + note
    assert Configuration(FILE, {}, None, None, None).note_flags(remedy) == remedy

"""daemon.json is read where the host's files are, again whenever it changes; a failure is never an empty file."""

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.decide.interfaces.daemon import DaemonDefaults
from portero.decide.values.refusals import Refused
from portero.observe.dockerd import daemon_config
from portero.observe.dockerd.daemon_config import DaemonConfig
from portero.observe.host.homes import NO_HOMES
from portero.observe.host.live_host import FilesMoment, HostFiles
from portero.observe.host.read_ahead import ReadAhead
from portero.observe.host.root_programs import NO_PROGRAMS
from portero.observe.host.sockets import read_sockets
from tests.failing import fail_with
from tests.observe.host.fixed_objects import FixedLookups
from tests.paths import ROOT

PLACE = "/etc/docker/daemon.json"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / PLACE.lstrip("/")
    file.parent.mkdir(parents=True)
    file.write_text('{"log-driver": "syslog"}')
    return file


def asking(root: Path, place: str = PLACE) -> Callable[[], DaemonDefaults]:
    config = DaemonConfig(place)
    return lambda: config.read_defaults(lambda path: f"{root}{path}")


def host(root: Path, *, visible: bool = True) -> FilesMoment:
    files = HostFiles(
        str(root),
        visible=visible,
        listening=ReadAhead(lambda _: read_sockets()),
        programs_of_root=ReadAhead(lambda _: NO_PROGRAMS),
        homes=ReadAhead(lambda _: NO_HOMES),
        lookups=FixedLookups(),
    )
    return files.moment()


@pytest.mark.parametrize("place", [PLACE, "/mine.json"])
def test_the_file_is_read_below_the_root_wherever_it_lies(tmp_path: Path, file: Path, place: str) -> None:
    file.rename(tmp_path / place.lstrip("/"))

    assert asking(tmp_path, place)().log_driver == "syslog"


@pytest.mark.parametrize("content", [None, " \n", os.devnull], ids=["missing", "empty", "no file"])
def test_a_missing_or_empty_file_sets_nothing(tmp_path: Path, file: Path, content: str | None) -> None:
    file.unlink()
    if content == os.devnull:  # as dockerd --config-file /dev/null
        file.symlink_to(content)
    elif content is not None:
        file.write_text(content)

    assert asking(tmp_path)() == DaemonDefaults()


def test_a_change_is_seen_at_the_next_question_and_nothing_else_is_read_again(tmp_path: Path, file: Path) -> None:
    asked = asking(tmp_path)
    assert asked() is asked()
    before = asked().log_driver

    file.write_text('{"log-driver": "journald"}')

    assert (before, asked().log_driver) == ("syslog", "journald")


def test_a_file_put_in_its_place_is_seen_even_when_it_is_as_long_and_as_old(tmp_path: Path, file: Path) -> None:
    asked = asking(tmp_path)
    asked()
    other = file.with_name("new.json")
    other.write_text('{"log-driver": "splunk"}')
    os.utime(other, ns=(file.stat().st_atime_ns, file.stat().st_mtime_ns))

    other.replace(file)

    assert asked().log_driver == "splunk"


def test_a_file_that_goes_away_takes_its_words_with_it_and_may_come_back(tmp_path: Path, file: Path) -> None:
    asked = asking(tmp_path)
    first = asked()
    file.rename(tmp_path / "away")
    away = asked()
    (tmp_path / "away").rename(file)

    assert (away, asked().log_driver) == (DaemonDefaults(), first.log_driver)


def make_unreadable(file: Path, kind: str) -> None:
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    elif kind == "circle of links":
        file.symlink_to(file)
    else:
        file.write_text({"too large": "{}" + " " * (1 << 20), "cut off": '{"log-driver": "sys', "a list": "[]"}[kind])


UNREADABLE = ["folder", "pipe", "circle of links", "too large", "cut off", "a list"]


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, file: Path, kind: str) -> None:
    make_unreadable(file, kind)

    with pytest.raises(OSError, match="docker/daemon") as raised:
        asking(tmp_path)()
    assert raised.value.filename == PLACE


def test_a_refusal_names_the_file_that_could_not_be_read(tmp_path: Path, file: Path) -> None:
    make_unreadable(file, "cut off")

    with pytest.raises(Refused, match="host-unreadable") as refused:
        host(tmp_path).daemon()
    assert refused.value.at == PLACE


@pytest.mark.parametrize("kind", UNREADABLE)
def test_a_file_that_can_no_longer_be_read_leaves_the_last_defaults(tmp_path: Path, file: Path, kind: str) -> None:
    asked = asking(tmp_path)
    asked()
    make_unreadable(file, kind)

    assert asked().log_driver == "syslog"


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.EACCES])
@pytest.mark.parametrize("function", ["stat", "open"])
def test_a_failed_reading_is_an_error_once_and_not_remembered(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch, function: str, number: int
) -> None:
    asked = asking(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, function, fail_with(number))
        with pytest.raises(OSError, match=re.escape(os.strerror(number))):
            asked()

    assert asked().log_driver == "syslog"


@pytest.mark.parametrize("digest", [hashlib.sha256(b"{}").hexdigest(), None], ids=["there", "missing"])
def test_the_profile_that_it_names_is_read_on_the_same_host(tmp_path: Path, file: Path, digest: str | None) -> None:
    if digest is not None:
        (file.parent / "seccomp.json").write_text("{}")
    file.write_text('{"seccomp-profile": "/etc/docker/seccomp.json"}')

    assert (asking(tmp_path)().seccomp, asking(tmp_path)().seccomp_sha256) == ("custom", digest)


def test_a_profile_that_cannot_be_read_is_an_error(tmp_path: Path, file: Path) -> None:
    file.write_text('{"seccomp-profile": "/etc/docker"}')

    with pytest.raises(OSError, match="is not a regular file"):
        asking(tmp_path)()


@pytest.mark.parametrize(
    ("made", "expected"),
    [(None, None), ("sys/fs/cgroup/memory", False), ("sys/fs/cgroup/cgroup.controllers", True)],
)
def test_the_version_of_the_control_groups_is_seen(
    tmp_path: Path, file: Path, made: str | None, expected: bool | None
) -> None:
    if made is not None:
        (tmp_path / made).mkdir(parents=True)

    assert asking(tmp_path)().cgroup_v2 is expected


def test_control_groups_that_cannot_be_looked_at_are_unknown(tmp_path: Path, file: Path) -> None:
    def file_of(path: str) -> str:
        if path != PLACE:
            raise PermissionError
        return str(file)

    assert DaemonConfig(PLACE).read_defaults(file_of).cgroup_v2 is None


def test_control_groups_that_could_not_be_seen_are_looked_at_again(tmp_path: Path, file: Path) -> None:
    asked = asking(tmp_path)
    before = asked().cgroup_v2
    (tmp_path / "sys/fs/cgroup/cgroup.controllers").mkdir(parents=True)

    assert (before, asked().cgroup_v2) == (None, True)


def test_the_host_follows_links_to_it_inside_its_root(tmp_path: Path, file: Path) -> None:
    file.rename(tmp_path / "etc" / "real.json")
    file.symlink_to("/etc/real.json")

    assert host(tmp_path).daemon().log_driver == "syslog"


def test_a_host_whose_files_are_not_visible_says_nothing(tmp_path: Path, file: Path) -> None:
    assert host(tmp_path, visible=False).daemon() == DaemonDefaults()


def test_a_managed_plugin_reads_the_folder_that_is_mounted_into_it(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon_config, "_MOUNTED", str(tmp_path))

    assert host(tmp_path, visible=False).daemon().log_driver == "syslog"

    file.unlink()
    file.symlink_to("/srv/daemon.json")
    with pytest.raises(Refused, match="host-unreadable"):
        host(tmp_path, visible=False).daemon()


def test_the_manifest_of_the_managed_plugin_mounts_that_folder() -> None:
    mounts = json.loads((ROOT / "config.json").read_text())["mounts"]

    assert daemon_config.find_mounted("/etc/docker") in [mount["destination"] for mount in mounts]


@pytest.mark.parametrize(("start", "remapped"), [("100000", True), ("0", False)])
def test_a_remap_is_one_only_when_its_range_begins_elsewhere_than_at_root(
    tmp_path: Path, file: Path, start: str, remapped: bool
) -> None:
    file.write_text('{"userns-remap": "default"}')
    (tmp_path / "etc" / "subuid").write_text(f"dockremap:{start}:65536\n")

    assert asking(tmp_path)().user_namespaces is remapped


OFF = '{"builder": {"entitlements": {"network-host": false, "security-insecure": false, "device": false}}}'


@pytest.mark.parametrize(
    ("content", "in_force", "expected"),
    [(OFF, True, "off"), (OFF, False, "off-after-restart"), (OFF, None, "unknown"), ("{}", True, "on")],
    ids=["started since", "not started since", "start unknown", "on, however old the file"],
)
def test_entitlements_that_are_off_count_once_dockerd_has_started_with_them(
    tmp_path: Path, file: Path, content: str, in_force: bool | None, expected: str
) -> None:
    file.write_text(content)

    assert (
        DaemonConfig(PLACE).read_defaults(lambda path: f"{tmp_path}{path}", lambda: in_force).entitlements == expected
    )


def test_an_edit_after_the_start_is_seen_in_the_file_that_was_known(tmp_path: Path, file: Path) -> None:
    file.write_text(OFF)
    config, answers = DaemonConfig(PLACE), iter((True, False))

    def ask() -> str:
        return config.read_defaults(lambda path: f"{tmp_path}{path}", lambda: next(answers)).entitlements

    before = ask(), ask()
    file.write_text(f"{OFF} ")

    assert (before, ask()) == (("off", "off"), "off-after-restart")

"""A tmpfs gets a size and options wherever the request has it, and nothing else changes."""

from typing import Any

import pytest

from portero.decide.flags import mount_flags
from portero.decide.flags.edits import NONE, NOTHING, Change, Violated
from portero.decide.flags.mount_flags import Tmpfs, VolumeOptions, limit_mount
from tests.decide.flags.bodies import document


@pytest.mark.parametrize(
    ("before", "options", "after"),
    [
        ("", "size=64m", "size=64m"),
        ("rw,exec,size=900m", "noexec,nodev,nosuid", "rw,size=900m,noexec,nodev,nosuid"),
        ("rw,size=900m", "size=64m", "rw,size=64m"),
        ("noexec,nodev,nosuid,mode=1777", "noexec,nodev,nosuid", "mode=1777,noexec,nodev,nosuid"),
    ],
)
def test_options_of_a_tmpfs_replace_what_contradicts_them(before: str, options: str, after: str) -> None:
    changed = document(Tmpfs={"/run": before, "/tmp": "size=1m"})

    change = Tmpfs("Tmpfs").add(changed, f"PATH:{options}", Violated(["Tmpfs[*]"], [{"target": "/run"}]))

    assert change == Change((f"/run:{after}",), (f"/run:{before}" if before else "/run",))
    assert changed["body"]["Tmpfs"]["/run"] == after


def test_a_path_with_tmpfs_is_dropped() -> None:
    changed = document(Tmpfs={"/run": "rw"})

    assert Tmpfs("Tmpfs").drop(changed, Violated(["Tmpfs[*]"])).removed == ("/run:rw",)
    assert Tmpfs("Tmpfs").drop(document(), Violated(["Tmpfs[*]"])) == NOTHING
    with pytest.raises(ValueError, match="is not PATH:options"):
        Tmpfs("Tmpfs").add(changed, "size=1m", NONE)


def test_a_path_keeps_its_options_where_another_tmpfs_is_refused() -> None:
    changed = document(Tmpfs={"/run": "size=1m"}, Mounts=[{"Type": "tmpfs", "Target": "/tmp"}])

    assert Tmpfs("Tmpfs").add(changed, "PATH:size=64m", Violated(["Mounts[0]"], [{"target": "/tmp"}])) == NOTHING
    assert changed["body"]["Tmpfs"] == {"/run": "size=1m"}


@pytest.mark.parametrize(
    ("mount", "after"),
    [
        ({"Type": "tmpfs"}, {"Type": "tmpfs", "TmpfsOptions": {"SizeBytes": 1 << 20}}),
        (
            {"Type": "TMPFS", "TmpfsOptions": {"SizeBytes": 9 << 30, "Mode": 0o1770}},
            {"Type": "TMPFS", "TmpfsOptions": {"SizeBytes": 1 << 20, "Mode": 0o1770}},
        ),
        ({"Type": "volume", "Source": "v"}, {"Type": "volume", "Source": "v"}),
        (None, None),
    ],
)
def test_a_mount_gets_a_size_if_it_is_a_tmpfs(mount: Any, after: Any) -> None:
    assert limit_mount("type=tmpfs,tmpfs-size=1m")(mount) == after


@pytest.mark.parametrize("value", ["type=bind,tmpfs-size=1m", "type=tmpfs,tmpfs-size=much", "1m"])
def test_a_size_that_docker_does_not_take_is_an_error(value: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are for nobody
        limit_mount(value)


OPTIONS = VolumeOptions("DriverOpts")


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ({}, Change(("o=noexec,size=1m",))),
        ({"o": ""}, Change(("o=noexec,size=1m",))),
        ({"o": "size=50%,uid=1000,exec"}, Change(("o=uid=1000,noexec,size=1m",), ("o=size=50%,uid=1000,exec",))),
        ({"o": "noexec,size=1m"}, NOTHING),
        ({"o": "password=s3cret"}, NOTHING),
    ],
)
def test_a_volume_keeps_its_other_mount_options(before: dict[str, str], change: Change) -> None:
    changed = document(DriverOpts={"type": "tmpfs", **before})

    assert OPTIONS.add(changed, "o=noexec,size=1m", Violated(["DriverOpts"])) == change
    assert changed["body"]["DriverOpts"] == {"type": "tmpfs", **before} | (
        {"o": change.added[0][2:]} if change.added else {}
    )


def test_an_option_of_the_driver_is_set_and_dropped() -> None:
    changed = document(DriverOpts={"type": "nfs"})

    assert OPTIONS.add(changed, "type=tmpfs", NONE) == Change(("type=tmpfs",), ("type=nfs",))
    assert OPTIONS.drop(changed, Violated(["DriverOpts"])) == Change(removed=("type=tmpfs",))
    assert OPTIONS.add(changed, "o=size=1m", NONE) == NOTHING


@pytest.mark.parametrize(
    ("mount", "read_only", "private"),
    [
        ("/a:/b", "/a:/b:ro", "/a:/b"),
        ("/a:/b:rw,z", "/a:/b:ro,z", "/a:/b:rw,z"),
        ("/a:/b:ro,rslave", "/a:/b:ro,rslave", "/a:/b:ro"),
        ("data:/b", "data:/b:ro", "data:/b"),
        ("/b", "/b", "/b"),
        ({"Source": "/a"}, {"Source": "/a", "ReadOnly": True}, {"Source": "/a"}),
        (
            {"BindOptions": {"Propagation": "rshared", "NonRecursive": True}},
            {"BindOptions": {"Propagation": "rshared", "NonRecursive": True}, "ReadOnly": True},
            {"BindOptions": {"NonRecursive": True}},
        ),
        (None, None, None),
    ],
)
def test_a_bind_keeps_its_other_options_and_a_mount_its_other_fields(mount: Any, read_only: Any, private: Any) -> None:
    is_bind = isinstance(mount, str)

    assert (mount_flags.make_bind_read_only if is_bind else mount_flags.make_mount_read_only)(mount) == read_only
    assert (mount_flags.make_bind_private if is_bind else mount_flags.make_mount_private)(mount) == private

"""The kernel's text of the mounts is read as it writes it, at each request anew."""

import errno
import os
from pathlib import Path

import pytest

from portero.observe.files.mount_table import Mount, MountTable
from portero.observe.files.mountinfo import MountReader, drop_copies, find_name_on_host, parse_mounts, read_proc_devices

ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"
TOP = Mount(1, 0, "8:1", "/", "/", "ext4")
OVER = Mount(2, 1, "0:5", "/", "/etc", "tmpfs")
COPY = Mount(3, 2, "8:1", "/etc", "/etc/.ro12", "ext4")
INNER = Mount(4, 3, "0:6", "/", "/etc/.ro12/docker", "tmpfs")
RUN = Mount(5, 1, "0:7", "/", "/run", "tmpfs")
RUN_COPY = Mount(6, 5, "0:8", "/", "/run/.ro3", "tmpfs")
ROOTLESS = (TOP, OVER, COPY, INNER, RUN, RUN_COPY)


def test_a_line_of_mountinfo_is_read_with_its_escapes_and_optional_fields() -> None:
    line = rb"36 35 0:44 /a\040b /mnt/x\134y rw,noatime shared:1 master:2 - ext4 /dev/x rw"
    (mount,) = parse_mounts(line)

    assert mount == Mount(36, 35, "0:44", "/a b", "/mnt/x\\y", "ext4")


def test_the_server_of_a_fuse_file_system_is_known() -> None:
    line = b"36 35 0:44 / /home/a/m rw - fuse.sshfs a@host: rw,user_id=1000,group_id=1000"
    (mount,) = parse_mounts(line)

    assert mount.server == 1000


@pytest.mark.parametrize(
    "line", ["", "x", "36 35", "36 35 0:44 / /x rw", "x 35 0:44 / /x rw - ext4 /dev/x rw", "36 35 0:44 / /x rw ext4"]
)
def test_a_line_of_another_form_is_an_error_of_mountinfo_and_not_no_mount(line: str) -> None:
    with pytest.raises(OSError, match="line of another form") as fault:
        parse_mounts(f"{ROOT}\n{line}\n{ROOT}".encode())

    assert fault.value.filename == "mountinfo"


@pytest.mark.parametrize("root", ["/", "/proc/self/root"])
def test_the_devices_of_procfs_are_known_and_unread_ones_are_not_missing(root: str) -> None:
    assert os.lstat("/proc").st_dev in read_proc_devices(root)
    assert os.lstat("/").st_dev not in read_proc_devices(root)
    with pytest.raises(OSError, match="could not be read") as fault:
        read_proc_devices("/proc/0/root")
    assert fault.value.errno == errno.EIO


def test_a_changed_file_is_parsed_again(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(ROOT)
    reader = MountReader(str(file))
    first = reader.read()

    assert reader.read() is first
    file.write_text(f"{ROOT}\n30 27 254:0 /etc /srv/etc rw - ext4 /dev/vda rw")
    assert reader.read().list_names("/etc") == ("/srv/etc",)


def test_a_table_read_after_others_is_that_of_its_own_text(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    lines = [f"{number} 27 0:{number} / /srv/{number} rw - tmpfs none rw" for number in range(30, 40)]
    reader = MountReader(str(file))
    for shown in (lines, lines[:3], lines[2:], [*lines[:2], "39 27 0:39 / /srv/moved rw - tmpfs none rw"], lines):
        file.write_text("\n".join([ROOT, *shown]))

        assert reader.read().find_reach("/").points == {line.split()[4] for line in shown}


def test_a_reading_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    reader = MountReader(str(file))
    file.write_text(f"{ROOT}\n30 27 0:30")

    for _ in range(2):
        with pytest.raises(OSError, match="form"):
            reader.read()
    file.write_text(ROOT)
    assert reader.read().find_reach("/").points == set()


def test_a_missing_file_and_an_empty_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MountReader(str(tmp_path / "none")).read()
    (tmp_path / "mountinfo").touch()
    with pytest.raises(OSError, match="no mount"):
        MountReader(str(tmp_path / "mountinfo")).read()


def test_the_mounts_of_another_process_are_those_of_its_own_file(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    own.write_text(ROOT)
    other.write_text(f"{ROOT}\n30 27 0:30 / /srv rw - tmpfs none rw")
    reader = MountReader(str(own))

    for _ in range(2):
        assert reader.read().find_reach("/").points == set()
        assert reader.read(str(other)).find_reach("/").points == {"/srv"}


def test_what_ends_a_line_elsewhere_is_part_of_a_name() -> None:
    (_, mount) = parse_mounts(f"{ROOT}\n30 27 0:30 / /srv/a\rb\u2028c rw - tmpfs none rw\n".encode())

    assert mount.point == "/srv/a\rb\u2028c"


def test_the_mounts_of_this_process_can_be_read() -> None:
    assert MountReader().read().find_mount("/proc/self").type == "proc"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/etc/.ro12/timezone", "/etc/timezone"),
        ("/etc/.ro12/ssl/certs", "/etc/ssl/certs"),
        ("/etc/.ro12", "/etc"),
        ("/run/.ro3/user/1000", "/run/user/1000"),
    ],
)
def test_a_file_of_a_copied_up_folder_has_its_name_on_the_host(path: str, name: str) -> None:
    assert find_name_on_host(path, lambda: MountTable(ROOTLESS)) == name


@pytest.mark.parametrize(
    ("path", "mounts"),
    [
        ("/etc/.ro12/docker/x", ROOTLESS),
        *((path, ROOTLESS) for path in ("/etc/.ro13/x", "/etc/.rox/x", "/srv/.ro12/x")),
        ("/etc/.ro12/x", (TOP,)),
        ("/etc/.ro12/x", (TOP, Mount(3, 1, "8:1", "/etc", "/etc/.ro12", "ext4"))),
        ("/etc/.ro12/x", (TOP, Mount(2, 1, "8:2", "/", "/etc", "ext4"), COPY)),
    ],
    ids=[
        "another mount in it",
        "no mount",
        "no number",
        "another folder",
        "none",
        "no tmpfs over it",
        "a disk over it",
    ],
)
def test_anything_else_keeps_its_own(path: str, mounts: tuple[Mount, ...]) -> None:
    assert find_name_on_host(path, lambda: MountTable(mounts)) == path


@pytest.mark.parametrize(
    ("path", "names", "left"),
    [
        ("/etc/ssl", ["/etc/.ro12/ssl"], ()),
        ("/etc/ssl", ["/etc/.ro12/ssl/certs", "/srv/ssl"], ("/srv/ssl",)),
        ("/etc/ssl/certs", ["/etc/.ro12/ssl"], ("/etc/.ro12/ssl",)),
        ("/etc/timezone", ["/etc/.ro12/shadow"], ("/etc/.ro12/shadow",)),
        ("/etc/ssl", ["/etc/.ro13/ssl"], ("/etc/.ro13/ssl",)),
        ("/srv/x", ["/etc/.ro12/ssl"], ("/etc/.ro12/ssl",)),
        ("/srv", ["/srv/x"], ("/srv/x",)),
    ],
    ids=["the same", "below it", "above it", "another file", "no copy", "elsewhere", "no copy, below"],
)
def test_the_name_in_a_copy_is_no_other_name(path: str, names: list[str], left: tuple[str, ...]) -> None:
    assert tuple(drop_copies(path, names, MountTable(ROOTLESS))) == left

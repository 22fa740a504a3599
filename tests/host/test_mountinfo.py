"""The kernel's text of the mounts is read as it writes it, at each request anew."""

from pathlib import Path

import pytest

from portero.host.mount_table import Mount
from portero.host.mountinfo import MountReader, parse_mounts

ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"


def test_a_line_of_mountinfo_is_read_with_its_escapes_and_optional_fields() -> None:
    (mount,) = parse_mounts(rb"36 35 0:44 /a\040b /mnt/x\134y rw,noatime shared:1 master:2 - ext4 /dev/x rw")

    assert mount == Mount(36, 35, "0:44", "/a b", "/mnt/x\\y", "ext4")


def test_the_server_of_a_fuse_file_system_is_known() -> None:
    (mount,) = parse_mounts(b"36 35 0:44 / /home/a/m rw - fuse.sshfs a@host: rw,user_id=1000,group_id=1000")

    assert mount.server == 1000


@pytest.mark.parametrize("line", ["", "36 35", "x 35 0:44 / /x rw - ext4 /dev/x rw", "36 35 0:44 / /x rw ext4"])
def test_another_form_is_an_error_and_not_no_mount(line: str) -> None:
    with pytest.raises(OSError, match="form"):
        parse_mounts(f"{ROOT}\n{line}\n{ROOT}".encode())


def test_a_changed_file_is_parsed_again(tmp_path: Path) -> None:
    file = tmp_path / "mountinfo"
    file.write_text(ROOT)
    reader = MountReader(str(file))
    first = reader.read()

    assert reader.read() is first
    file.write_text(f"{ROOT}\n30 27 254:0 /etc /srv/etc rw - ext4 /dev/vda rw")
    assert reader.read().list_names("/etc") == ("/srv/etc",)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        MountReader(str(tmp_path / "none")).read()


def test_the_mounts_of_this_process_can_be_read() -> None:
    assert MountReader().read().find_mount("/proc/self").type == "proc"


@pytest.mark.parametrize("text", [b"x", b"36 35 0:44 / /x rw", b"a 35 0:44 / /x rw - ext4 /dev/x rw"])
def test_a_line_of_another_form_is_an_error_of_mountinfo(text: bytes) -> None:
    with pytest.raises(OSError, match="line of another form") as fault:
        parse_mounts(text)

    assert fault.value.filename == "mountinfo"

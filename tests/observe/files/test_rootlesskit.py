"""What rootlesskit has copied up keeps its name on the host; nothing else gets one."""

import pytest

from portero.observe.files.mount_table import Mount, MountTable
from portero.observe.files.rootlesskit import drop_copies, find_name_on_host

TOP = Mount(1, 0, "8:1", "/", "/", "ext4")
OVER = Mount(2, 1, "0:5", "/", "/etc", "tmpfs")
COPY = Mount(3, 2, "8:1", "/etc", "/etc/.ro12", "ext4")
INNER = Mount(4, 3, "0:6", "/", "/etc/.ro12/docker", "tmpfs")
RUN = Mount(5, 1, "0:7", "/", "/run", "tmpfs")
RUN_COPY = Mount(6, 5, "0:8", "/", "/run/.ro3", "tmpfs")
ROOTLESS = (TOP, OVER, COPY, INNER, RUN, RUN_COPY)


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

"""Where a path lies by mountinfo, under which other names it is reached, and what is mounted below it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.values.path import is_within
from portero.observe.files.mount_table import MountTable, list_mounts
from portero.observe.files.mountinfo import parse_mounts

ROOT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw"


def table(*lines: str) -> MountTable:
    return parsed("\n".join([ROOT, *lines]).encode())


def parsed(text: bytes) -> MountTable:
    return MountTable(parse_mounts(text))


def plain(**points: str) -> MountTable:
    return MountTable(list_mounts({point.replace("__", "/"): shown for point, shown in points.items()}.items()))


def test_no_mount_at_all_is_an_error() -> None:
    with pytest.raises(OSError, match="no mount") as fault:
        parsed(b"")

    assert fault.value.filename == "mountinfo"


def test_a_bind_of_a_folder_is_reached_under_both_names() -> None:
    mounts = table("30 27 254:0 /etc /srv/app/etc rw - ext4 /dev/vda rw")

    assert mounts.list_names("/srv/app/etc/ssl") == ("/etc/ssl",)
    assert mounts.list_names("/etc") == ("/srv/app/etc",)
    assert mounts.list_names("/srv/app") == ()


def test_a_folder_reaches_what_is_mounted_in_it_and_what_of_it_is_mounted_elsewhere() -> None:
    mounts = table(
        "30 27 254:0 /etc /srv/app/etc rw - ext4 /dev/vda rw",
        "31 27 254:0 /data/docker /var/lib/docker rw - ext4 /dev/vda rw",
    )

    assert mounts.find_reach("/srv").names == {"/etc"}
    assert mounts.find_reach("/data").names == {"/var/lib/docker"}
    assert mounts.find_reach("/data/docker/volumes").names == {"/var/lib/docker/volumes"}
    assert mounts.find_reach("/data/dock").names == set()


def test_what_another_mount_covers_is_not_reached() -> None:
    mounts = table(
        "30 27 254:0 /etc /srv/etc rw - ext4 /dev/vda rw",
        "31 27 0:50 / /srv rw - tmpfs none rw",
        "32 31 0:51 / /srv rw - tmpfs none rw",
    )

    assert mounts.find_mount("/srv/etc").id == 32
    assert mounts.find_reach("/srv").names == set()
    assert mounts.list_names("/etc") == ()


def test_a_mount_over_the_root_covers_it() -> None:
    assert table("30 27 0:50 / / rw - overlay none rw").find_mount("/srv").id == 30


@pytest.mark.parametrize("disks", ["/ostree", "/run", "/sysroot"])
def test_a_disk_among_disks_gives_no_name_to_a_folder(disks: str) -> None:
    mounts = parsed(
        b"1 0 8:1 / / rw - ext4 a rw\n2 1 8:4 / /srv rw - xfs b rw\n3 1 8:4 / %s/x rw - xfs b rw\n" % disks.encode()
    )

    assert mounts.list_names("/srv/app") == ()


def test_whole_disks_beside_their_usual_places_give_no_names() -> None:
    # Fedora CoreOS: the disk at /sysroot, parts of it at their places. Timeshift mounts it below /run.
    mounts = parsed(
        b"1 0 8:4 /ostree/deploy/f/deploy/x.0 / rw - xfs /dev/sda4 rw\n"
        b"2 1 8:4 / /sysroot rw - xfs /dev/sda4 rw\n"
        b"3 1 8:4 /ostree/deploy/f/var /var rw - xfs /dev/sda4 rw\n"
        b"4 1 0:22 / /run rw - tmpfs tmpfs rw\n"
        b"5 4 8:4 / /run/timeshift/1/backup rw - xfs /dev/sda4 rw\n"
        b"6 1 0:22 /app /srv/run rw - tmpfs tmpfs rw\n"
    )

    assert mounts.find_reach("/var/srv/app").names == set()
    assert mounts.list_names("/srv/run/x") == ("/run/app/x",)


def test_kernel_file_systems_count_at_and_below_a_path_but_not_at_their_usual_places() -> None:
    mounts = plain(__srv__c__proc="proc", __srv__c__data="ext4", __dev="devtmpfs", __sys="sysfs")

    assert mounts.find_reach("/srv/c").kernel_types == {"proc"}
    assert mounts.find_reach("/srv/c/proc/1").kernel_types == {"proc"}
    assert mounts.find_reach("/srv/c/data").kernel_types == set()
    assert mounts.find_reach("/dev/null").kernel_types == mounts.find_reach("/sys/kernel").kernel_types == set()
    assert mounts.find_reach("/").kernel_types == {"proc", "devtmpfs", "sysfs"}


# fmt: off
@pytest.mark.parametrize("kind", [
    "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "proc",
    "pstore", "securityfs", "selinuxfs", "smackfs", "sysfs", "tracefs",
])
def test_each_file_system_of_the_kernel_counts(kind: str) -> None:
    assert plain(__srv__x=kind).find_reach("/srv").kernel_types == {kind}


def test_below_a_usual_place_another_file_system_of_the_kernel_counts_from_above_alone() -> None:
    mounts = plain(__proc="proc", __proc__fs="binfmt_misc", __devices="proc")

    assert mounts.find_reach("/proc").kernel_types == {"binfmt_misc"}
    assert mounts.find_reach("/devices").kernel_types == {"proc"}


@pytest.mark.parametrize("memory", ["ramfs", "tmpfs"])
def test_memory_below_run_is_no_disk(memory: str) -> None:
    mounts = table(f"30 27 0:22 / /run rw - {memory} x rw", f"31 27 0:22 /app /srv/run rw - {memory} x rw")

    assert mounts.list_names("/srv/run/x") == ("/run/app/x",)


def test_points_below_another_root_are_the_hosts() -> None:
    lines = [
        "30 27 0:50 / /host rw - overlay x rw",
        "31 30 254:0 /etc /host/srv/etc rw - ext4 /dev/vda rw",
        "32 27 0:51 / /srv rw - tmpfs x rw",
    ]
    host = table(*lines).rebase("/host")

    assert host.find_mount("/").id == 30
    assert host.find_mount("/srv/etc/x").id == 31
    assert host.find_mount("/srv").id == 30


def test_a_folder_inside_a_mount_can_be_the_root() -> None:
    host = table("31 27 254:0 /tmp/t/etc /tmp/t/srv/etc rw - ext4 /dev/vda rw").rebase("/tmp/t")

    assert host.find_reach("/srv").names == {"/etc"}


def test_mounts_below_a_path_are_listed() -> None:
    mounts = table("30 27 0:50 / /srv/disk rw - tmpfs none rw", "31 27 0:51 / /srvx rw - tmpfs none rw")

    assert mounts.find_reach("/srv").points == {"/srv/disk"}
    assert mounts.find_reach("/srv/disk").points == set()



NAMES = st.lists(st.sampled_from(["a", "a-b", "ab", "b"]), min_size=1, max_size=3)
POINTS = NAMES.map(lambda parts: "/" + "/".join(parts))


@given(st.lists(POINTS, max_size=8, unique=True), st.one_of(POINTS, st.just("/")))
def test_what_is_mounted_below_a_path_is_all_that_can_be_seen_there(points: list[str], path: str) -> None:
    # Parents first: what is mounted over them later would hide what lies below.
    mounts = MountTable(list_mounts([(point, "tmpfs") for point in sorted(points, key=len)]))

    assert mounts.find_reach(path).points == {point for point in points if point != path and is_within(point, path)}


@given(st.lists(POINTS, max_size=10), st.permutations(range(10)))
def test_visible_is_what_a_walk_from_the_top_comes_to(points: list[str], order: list[int]) -> None:
    # In any order, over each other and over what lies below.
    points = [points[place] for place in order if place < len(points)]
    mounts = MountTable(list_mounts([(point, f"type-{number}") for number, point in enumerate(points)]))

    assert mounts.find_reach("/").points == {point for point in points if mounts.find_mount(point).point == point}


@given(st.lists(st.tuples(POINTS, st.one_of(POINTS, st.just("tmpfs"))), max_size=8), st.one_of(POINTS, st.just("/")))
def test_what_is_mounted_below_is_reached_under_each_of_its_names(shown: list[tuple[str, str]], path: str) -> None:
    mounts = MountTable(list_mounts(shown))
    reach = mounts.find_reach(path)
    names = {name for point in (path, *reach.points) for name in mounts.list_names(point)}

    assert {name for name in names if not is_within(name, path)} <= reach.names


def test_of_a_long_path_only_what_can_be_mounted_is_looked_at() -> None:
    table = MountTable(list_mounts([("/srv/a", "ext4")]))
    began = time.process_time()
    for depth in range(1, 4000):
        assert table.find_mount("/srv/a" + "/x" * depth).point == "/srv/a"

    assert time.process_time() - began < 1  # and not six

import pytest

from portero.decide.facts import tmpfs
from portero.decide.values.json_fields import JSON


@pytest.mark.parametrize(
    ("at", "size"),
    [
        *(("8m", 8 << 20), ("8M", 8 << 20), ("64k", 64 << 10), ("1g", 1 << 30), ("1T", 1 << 40), ("1p", 1 << 50)),
        *(("1e", 1 << 60), ("4096", 4096), ("0x10k", 16 << 10), ("010", 8)),
    ],
)
def test_a_size_is_read_as_the_kernel_reads_it(at: str, size: int) -> None:
    assert tmpfs.parse_size(at) == size


@pytest.mark.parametrize(
    "at", ["", "50%", "0", "0m", "-1", "8mb", "8 m", "m", "0x", "09", "16e", "9" * 20, "9" * 5000, "٨m"]
)
def test_what_is_no_figure_or_no_limit_is_no_size(at: str) -> None:
    assert tmpfs.parse_size(at) is None


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("rw,noexec,size=8m", 8 << 20),
        ("size=1g,size=8m", 8 << 20),
        ("size=8m,size=0", None),
        ("size=8m,nr_blocks=0", None),
        ("Size=8m", None),
        ("", None),
    ],
)
def test_the_last_size_counts_and_blocks_leave_it_open(options: str, size: int | None) -> None:
    assert tmpfs.find_size(tmpfs.split_options(options, "")) == size


@pytest.mark.parametrize(
    ("options", "read_only"), [("", False), ("ro", True), ("ro,rw", False), ("rw,noexec,ro", True), ("RO", False)]
)
def test_the_last_of_ro_and_rw_counts(options: str, read_only: bool) -> None:
    assert tmpfs.is_read_only(tmpfs.split_options(options, "")) is read_only


@pytest.mark.parametrize(
    ("entry", "options"),
    [
        ({}, []),
        ({"TmpfsOptions": {"SizeBytes": 67108864, "Mode": 1016}}, ["mode=1770", "size=67108864"]),
        ({"ReadOnly": True, "TmpfsOptions": {}}, ["ro"]),
        ({"TmpfsOptions": {"Options": [["noexec"], ["size", "8m"], []]}}, ["noexec", "size=8m", ""]),
    ],
)
def test_the_options_of_a_mount_are_spelt_as_dockerd_spells_them(entry: dict[str, JSON], options: list[str]) -> None:
    assert tmpfs.list_options(entry) == options


@pytest.mark.parametrize(
    ("entry", "writable", "size"),
    [
        ({}, True, None),
        ({"ReadOnly": True, "TmpfsOptions": {"SizeBytes": 8 << 20}}, False, 8 << 20),
        # What Docker before API 1.46 ignores makes nothing smaller and nothing read-only.
        ({"TmpfsOptions": {"Options": [["size", "8m"], ["ro"]]}}, True, None),
        ({"TmpfsOptions": {"SizeBytes": 8 << 20, "Options": [["size", "1m"]]}}, True, 8 << 20),
        # What a later one may obey can make it larger.
        ({"TmpfsOptions": {"SizeBytes": 8 << 20, "Options": [["size", "1g"]]}}, True, 1 << 30),
        ({"TmpfsOptions": {"SizeBytes": 8 << 20, "Options": [["size", "0"]]}}, True, None),
        ({"TmpfsOptions": {"SizeBytes": 8 << 20, "Options": [["nr_blocks", "0"]]}}, True, None),
        ({"ReadOnly": True, "TmpfsOptions": {"Options": [["rw"]]}}, True, None),
    ],
)
def test_options_of_a_mount_lift_limits_and_set_none(entry: dict[str, JSON], writable: bool, size: int | None) -> None:
    assert tmpfs.read_entry_limits(entry) == (writable, size)

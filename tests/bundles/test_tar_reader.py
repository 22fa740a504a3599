"""A tar archive is read forwards, once, whatever its headers claim: all this is read before a signature is checked."""

import gzip
import io
import tarfile
import time

import pytest

from portero.bundles.archive import pack
from portero.bundles.tar_reader import ArchiveRefused, read_tar

END = bytes(1024)


def header(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> bytes:
    made = tarfile.TarInfo(name)
    made.size, made.type = size, kind
    return made.tobuf(tarfile.USTAR_FORMAT)


def with_size(field: bytes) -> bytes:
    """A header with these bytes for its size, and the checksum that goes with them."""
    changed = bytearray(header("y"))
    changed[124:136] = field
    changed[148:156] = b" " * 8
    changed[148:156] = b"%06o\0 " % sum(changed)
    return bytes(changed)


def extended(records: bytes) -> bytes:
    return header("x", len(records), b"x") + records + bytes(-len(records) % 512)


def test_long_names_and_names_beyond_ascii_come_back() -> None:
    names = {f"{'a' * 90}/{'b' * 90}/c.json": b"1", "rules/ä.json": b"2", "x": b""}
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in names.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))

    assert dict(read_tar(plain.getvalue())) == names


def test_what_gnu_tar_writes_is_read() -> None:
    assert dict(read_tar(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT) + END)) == {"a": b""}


@pytest.mark.parametrize(
    "field",
    [b"\xff" * 10 + b"\xfe\x00", b"\xff" * 10 + b"\xfc\x00", b"\x80" + bytes(9) + b"\x01\x00", b"-1\0", b"", b"8\0"],
    ids=["512 back", "1024 back", "base 256", "minus", "empty", "not octal"],
)
def test_a_size_that_is_no_octal_number_is_refused(field: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="is not a tar archive"):
        list(read_tar(header("a") + with_size(field.ljust(12, b"\0")) + END))


@pytest.mark.parametrize("record", [b"13 size=-512\n", b"14 size=-9999\n", b"22 GNU.sparse.major=1\n"])
def test_a_size_in_an_extended_header_is_refused(record: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="y: is not a regular file"):
        list(read_tar(header("a") + extended(record) + header("y") + END))


@pytest.mark.parametrize("kind", [b"x", b"L", b"K", b"g", b"S"])
def test_headers_do_not_extend_headers(kind: bytes) -> None:
    with pytest.raises(ArchiveRefused):
        list(read_tar((header("x", 12, kind) + b"12 comment=\n".ljust(512, b"\0")) * 3000 + header("y") + END))


@pytest.mark.parametrize(
    "records",
    [b"1" * 16_000, b"1" * 200_000, b"12 path=y", b"9 path=y\nx", b"0 path=y\n", b"9999 path=y\n", b"9 path y\n", b" "],
)
def test_records_that_are_none_are_refused_at_once(records: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(ArchiveRefused):
        list(read_tar(extended(records) + header("y") + END))
    # tarfile searches the second of these for minutes.
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(512) + b"x",
        header("a"),
        header("a", 600) + bytes(512),
        header("a")[:-1],
        header("a").replace(b"a", b"b", 1) + END,
        header("a").replace(b"ustar", b"other") + END,
    ],
    ids=["nothing", "more behind its end", "no end", "torn", "torn header", "checksum", "magic"],
)
def test_what_is_not_whole_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="is not a tar archive"):
        list(read_tar(data))


def test_a_policy_of_the_largest_size_is_read_quickly() -> None:
    files = {f"rules/{number}.json": b"x" * 1000 for number in range(20_000)}
    plain = gzip.decompress(pack(files))
    began = time.monotonic()

    assert len(dict(read_tar(plain))) == len(files)
    assert time.monotonic() - began < 20

"""Archives of policy folders: what was packed comes back, and what could do harm does not."""

import gzip
import io
import tarfile
import time

import pytest

from portero.bundles import archive
from portero.bundles.archive import ArchiveRefused, pack, unpack

FILES = {"site.json": b"{}", "rules/team/a.json": b"x" * 1000}


def packed(*entries: tarfile.TarInfo, content: bytes = b"") -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as made:
        for entry in entries:
            entry.size = len(content) if entry.isreg() else 0
            made.addfile(entry, io.BytesIO(content))
    return gzip.compress(plain.getvalue())


def header(name: str, size: int = 0) -> bytes:
    made = tarfile.TarInfo(name)
    made.size = size
    return made.tobuf(tarfile.USTAR_FORMAT)


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


def test_what_was_packed_comes_back_and_the_bytes_are_always_the_same() -> None:
    assert unpack(pack(FILES)) == FILES
    assert pack(dict(reversed(FILES.items()))) == pack(FILES)


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "a//b", "./x", ""])
def test_no_name_leads_out_of_the_folder(name: str) -> None:
    with pytest.raises(ArchiveRefused, match="leads out of the folder"):
        unpack(packed(entry(name)))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE])
def test_nothing_but_regular_files(kind: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="is not a regular file"):
        unpack(packed(entry("x", kind, "/etc/passwd")))


def test_a_sparse_file_that_claims_a_terabyte_is_refused() -> None:
    sparse = entry("x", tarfile.GNUTYPE_SPARSE)

    with pytest.raises(ArchiveRefused):
        unpack(packed(sparse))


def test_a_name_twice_or_below_a_file_is_refused() -> None:
    for names in (("x", "x"), ("x", "x/y")):
        with pytest.raises(ArchiveRefused, match="is there twice"):
            unpack(packed(*map(entry, names)))


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_FILES", 2)

    with pytest.raises(ArchiveRefused, match="one file too many"):
        unpack(packed(*map(entry, "abc")))


def test_a_bomb_is_not_blown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LARGEST", 1 << 20)
    monkeypatch.setattr(archive, "MOST_FILES", 1)

    with pytest.raises(ArchiveRefused, match="holds more than 1 MiB"):
        unpack(gzip.compress(bytes(64 << 20)))


def test_what_is_cut_off_or_has_more_behind_it_is_refused() -> None:
    whole = pack(FILES)

    for data in (whole[:-9], whole + b"x", whole + whole):
        with pytest.raises(ArchiveRefused, match="is cut off, or has something behind its end"):
            unpack(data)
    with pytest.raises(ArchiveRefused, match="not compressed"):
        unpack(b"{}")


def test_long_names_and_names_beyond_ascii_come_back() -> None:
    files = {f"{'a' * 90}/{'b' * 90}/c.json": b"1", "rules/ä.json": b"2", "x": b""}

    assert unpack(pack(files)) == files


def test_what_gnu_tar_writes_is_read() -> None:
    assert unpack(gzip.compress(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT) + bytes(1024))) == {"a": b""}


@pytest.mark.parametrize(
    "plain",
    [b"", b"x" * 600, header("a", 600) + bytes(512), header("a")[:-1], b"b" + header("a")[1:]],
    ids=["nothing", "text", "torn", "torn header", "checksum"],
)
def test_what_is_no_whole_tar_archive_is_refused(plain: bytes) -> None:
    with pytest.raises(ArchiveRefused, match="is not a tar archive"):
        unpack(gzip.compress(plain))


def test_a_name_that_is_no_text_is_refused() -> None:
    with pytest.raises(ArchiveRefused, match="or is none"):
        unpack(gzip.compress(header("\udcff") + bytes(1024)))


def test_a_policy_of_the_largest_size_is_read_quickly() -> None:
    data = pack({f"rules/{number}.json": b"x" * 1000 for number in range(20_000)})
    began = time.monotonic()

    assert len(unpack(data)) == 20_000
    assert time.monotonic() - began < 20

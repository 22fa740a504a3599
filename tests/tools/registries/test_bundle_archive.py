"""The archive of a bundle: the same bytes for the same files; only plain files, rightly signed, are unpacked."""

import gzip
import io
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.decide.identity import key_pairs
from portero.serve.signing import signature, tree
from portero.serve.signing.versions import Seen
from portero.tools.registries import bundle_archive
from portero.tools.registries.bundle_archive import Bundle, BundleRefused, pack, unpack
from tests.paths import ROOT

from .signed import KEY, OTHER_KEY, bundle, files, signed, trust

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


LONG_NAMES = {f"{'a' * 90}/{'b' * 90}/c.json": b"1", "rules/ä.json": b"2", "x": b""}


@pytest.mark.parametrize("files", [FILES, LONG_NAMES], ids=["usual", "long names and names beyond ASCII"])
def test_what_was_packed_comes_back_and_the_bytes_are_always_the_same(files: dict[str, bytes]) -> None:
    assert unpack(pack(files)) == files
    assert pack(dict(reversed(files.items()))) == pack(files)


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        *(({name: tarfile.REGTYPE}, "leads out") for name in ("../x", "/etc/passwd", "a/../../x", "a//b", "./x", "")),
        *(
            ({"x": kind}, "is not a regular file")
            for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE)
        ),
        ({"x": tarfile.GNUTYPE_SPARSE}, "."),
        ({"x": tarfile.REGTYPE, "x/y": tarfile.REGTYPE}, "is there twice"),
    ],
    ids=str,
)
def test_no_name_leads_out_of_the_folder_and_nothing_but_regular_files(entries: dict[str, bytes], why: str) -> None:
    with pytest.raises(BundleRefused, match=why):
        unpack(packed(*(entry(name, kind, "/etc/passwd") for name, kind in entries.items())))


WHOLE = pack(FILES)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(entry("x"), entry("x")), "is there twice"),
        (gzip.compress(header("\udcff") + bytes(1024)), "has a name that is not UTF-8"),
        *((data, "is cut off, or has something behind its end") for data in (WHOLE[:-9], WHOLE + b"x", WHOLE + WHOLE)),
        (b"{}", "not compressed"),
    ],
    ids=["a name twice", "a name that is no text", "cut off", "a byte behind", "another archive behind", "JSON"],
)
def test_what_is_no_whole_archive_of_names_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(BundleRefused, match=why):
        unpack(data)


def test_too_many_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_ENTRIES", 2)

    with pytest.raises(BundleRefused, match="one file too many"):
        unpack(packed(*map(entry, "abc")))


def test_a_bomb_is_not_blown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_SIZE", 1 << 20)
    monkeypatch.setattr(tree, "MAX_ENTRIES", 1)

    with pytest.raises(BundleRefused, match="holds more than 1 MiB"):
        unpack(gzip.compress(bytes(64 << 20)))


def test_what_gnu_tar_writes_is_read() -> None:
    assert unpack(gzip.compress(tarfile.TarInfo("a").tobuf(tarfile.GNU_FORMAT) + bytes(1024))) == {"a": b""}


@pytest.mark.parametrize(
    "plain",
    [b"", b"x" * 600, header("a", 600) + bytes(512), header("a")[:-1], b"b" + header("a")[1:]],
    ids=["nothing", "text", "torn", "torn header", "checksum"],
)
def test_what_is_no_whole_tar_archive_is_refused(plain: bytes) -> None:
    with pytest.raises(BundleRefused, match="is not a tar archive"):
        unpack(gzip.compress(plain))


def test_a_policy_of_the_largest_size_is_read_quickly() -> None:
    data = pack({f"rules/{number}.json": b"x" * 1000 for number in range(tree.MAX_ENTRIES)})
    began = time.monotonic()

    assert len(unpack(data)) == tree.MAX_ENTRIES
    assert time.monotonic() - began < 20


def test_a_bundle_that_is_right_in_every_way() -> None:
    found, manifest = trust().check(bundle(3))

    assert found == files(3)
    assert (manifest.group, manifest.version) == ("web", 3)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (bundle(key=OTHER_KEY), "^the bundle is signed with key .*, which is not trusted"),
        (Bundle(bundle().data, ""), "^the bundle has no signature"),
        (Bundle(bundle(2).data, bundle(1).signature), "^the bundle was changed after it was signed"),
        # The archive is rightly signed, the folder inside is not.
        (signed(bundle_archive.pack(files(key=OTHER_KEY))), "signature.json in the bundle .*, which is not trusted"),
        (signed(bundle_archive.pack({"site.json": b"{}"})), r"signature.json in the bundle is missing"),
        (
            signed(bundle_archive.pack({**files(), "site.json": b"{ }"})),
            "site.json in the bundle was changed after it was",
        ),
        (signed(bundle_archive.pack({**files(), "rules/x/y.json": b"{}"})), "is not covered by the signature"),
        (bundle(group="db"), "signed for db, this host takes web"),
        (signed(b"{}"), "the bundle is not compressed"),
    ],
)
def test_what_is_not_is_refused(given: Bundle, words: str) -> None:
    with pytest.raises(BundleRefused, match=words):
        trust().check(given)


def test_a_version_that_was_left_behind_is_refused() -> None:
    with pytest.raises(BundleRefused, match="is version 3, and version 4 was in force before"):
        trust({"web": Seen(4, "x")}).check(bundle(3))


# Not getrusage: its peak begins with that of the process that started this one, all tests before included.
PEAK = """
import re, sys
from pathlib import Path
from portero.tools.registries.bundle_archive import Bundle
from portero.tools.registries.bundle_archive import BundleRefused, open_bundle
from portero.decide.identity import key_pairs
from portero.serve.signing import signature, tree
try:
    key = key_pairs.parse_public_key(Path(sys.argv[2]).read_bytes())
    open_bundle(Bundle(Path(sys.argv[1]).read_bytes(), sys.argv[3]), {signature.identify_key(key): key})
except BundleRefused as refused:
    (peak,) = re.findall(r"^VmHWM:\\s+(\\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    print(int(peak) // 1024, refused)
"""
UNIT = ROOT / "packaging" / "systemd" / "portero-bundle.service"
# What `portero bundle pull` itself is made of, with a policy loaded, in MB; measured: 60.
OWN = 120


def many_files(number: int) -> bytes:
    """A tar archive of so many empty files."""
    header = bytearray(tarfile.TarInfo("0000000").tobuf(tarfile.USTAR_FORMAT))
    made = []
    for place in range(number):
        header[:7] = b"%07d" % place
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        made.append(bytes(header))
    return b"".join(made) + bytes(1024)


def plain_of(files: dict[str, bytes]) -> bytes:
    return gzip.decompress(pack(files))


@pytest.mark.parametrize(
    ("plain", "why"),
    [
        (lambda: bytes(1 << 30), "holds more than 8 MiB"),
        (lambda: many_files(30_000), "one file too many"),
        (lambda: plain_of({signature.NAME: b"[{}," * (3 << 19)}), "has more than 4 MiB"),
        (lambda: plain_of({signature.NAME: b"[" + b"{}," * (1 << 20)}), "is not JSON"),
        (lambda: plain_of({signature.NAME: b'{"a":1' + b',"a":1' * (600 << 10) + b"}"}), "says 'a' twice"),
        (lambda: plain_of({f"{number}{'/a' * 7900}": b"" for number in range(500)}), "has a name of more than"),
        (lambda: plain_of({"a" * (8 << 20): b""}), "has a name of more than"),
    ],
    ids=["nothing", "many files", "a long signature", "objects", "names twice", "7,900 parts", "a long name"],
)
def test_neither_memory_nor_time_of_a_pull_is_used_up_by_what_is_no_policy(
    tmp_path: Path, plain: Callable[[], bytes], why: str
) -> None:
    bomb = signed(gzip.compress(plain(), 1))
    (tmp_path / "bomb").write_bytes(bomb.data)
    (tmp_path / "key.pub").write_bytes(key_pairs.encode_public(KEY.public_key()))

    words = [sys.executable, "-c", PEAK, tmp_path / "bomb", tmp_path / "key.pub", bomb.signature]
    began = time.monotonic()
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)

    assert time.monotonic() - began < 30
    peak, refused = done.stdout.split(" ", 1)
    assert why in refused
    (limit,) = re.findall(r"^MemoryMax=(\d+)M$", UNIT.read_text(), re.MULTILINE)
    assert int(peak) + OWN < int(limit)

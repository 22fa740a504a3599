"""Which bundles a host takes: rightly signed, for its group, not older than what was in force."""

import gzip
import re
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from portero.bundles import archive
from portero.bundles.archive import Bundle
from portero.bundles.store import BundleRefused
from portero.signing import signature
from portero.signing.versions import Seen
from tests.paths import ROOT

from .signed import KEY, OTHER_KEY, bundle, files, signed, trust


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
        (signed(archive.pack(files(key=OTHER_KEY))), "signature.json in the bundle .*, which is not trusted"),
        (signed(archive.pack({"site.json": b"{}"})), r"signature.json in the bundle is missing"),
        (signed(archive.pack({**files(), "site.json": b"{ }"})), "site.json in the bundle was changed after it was"),
        (signed(archive.pack({**files(), "rules/x/y.json": b"{}"})), "is not covered by the signature"),
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
from portero.bundles.archive import Bundle
from portero.bundles.store import BundleRefused, open_bundle
from portero.signing import signature
try:
    key = signature.public_key(Path(sys.argv[2]).read_bytes())
    open_bundle(Bundle(Path(sys.argv[1]).read_bytes(), sys.argv[3]), {signature.key_id(key): key})
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


@pytest.mark.parametrize(
    ("plain", "why"),
    [(lambda: bytes(1 << 30), "holds more than 64 MiB"), (lambda: many_files(150_000), "one file too many")],
    ids=["a gigabyte of nothing", "as many files as fit"],
)
def test_the_memory_of_a_pull_is_enough_for_what_is_no_policy(
    tmp_path: Path, plain: Callable[[], bytes], why: str
) -> None:
    bomb = signed(gzip.compress(plain(), 1))
    (tmp_path / "bomb").write_bytes(bomb.data)
    (tmp_path / "key.pub").write_bytes(signature.public_text(KEY.public_key()))

    words = [sys.executable, "-c", PEAK, tmp_path / "bomb", tmp_path / "key.pub", bomb.signature]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=True)

    peak, refused = done.stdout.split(" ", 1)
    assert why in refused
    (limit,) = re.findall(r"^MemoryMax=(\d+)M$", UNIT.read_text(), re.MULTILINE)
    assert int(peak) + OWN < int(limit)

"""Records become files, one for each digest; what was there before stays."""

from pathlib import Path

from portero.images import record
from portero.images.record import Record, Signature
from portero.signatures.keeping import keep_records

DIGEST = f"sha256:{'a' * 64}"
ONE, TWO = (Record((Signature("simple", b"payload", mark),)) for mark in (b"1", b"2"))


def test_signatures_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    folder, file = tmp_path / "new", record.locate(tmp_path / "new", DIGEST)
    keep_records(folder, {DIGEST: ONE})
    assert record.read(file.read_bytes()) == ONE
    before = file.stat()
    keep_records(folder, {DIGEST: ONE})
    # The guard need not verify it again.
    assert file.stat() == before
    keep_records(folder, {DIGEST: TWO})
    assert record.read(file.read_bytes()).signatures == (*TWO.signatures, *ONE.signatures)


def test_of_what_is_too_much_for_a_file_the_first_signatures_are_kept(tmp_path: Path) -> None:
    many = Record(tuple(Signature("simple", b"x" * record.MAX_PAYLOAD, bytes([n])) for n in range(32)))
    keep_records(tmp_path, {DIGEST: many})
    assert record.read(record.locate(tmp_path, DIGEST).read_bytes()).signatures == many.signatures[:8]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    file = record.locate(tmp_path, DIGEST)
    file.write_text("{")
    keep_records(tmp_path, {DIGEST: ONE})
    assert record.read(file.read_bytes()) == ONE
    assert file.stat().st_mode & 0o777 == 0o644

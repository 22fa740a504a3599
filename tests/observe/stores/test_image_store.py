"""A record is verified when its file is first seen, and again when the file changes."""

import errno
import os
from pathlib import Path

import pytest

from portero.decide.images import record, verification
from portero.decide.images.record import Record, compute_digest
from portero.decide.images.trust import ImageTrust, RecordUnreadable
from portero.decide.images.verification import verify_record
from portero.observe.files.whole_files import write_whole
from portero.observe.stores import image_store
from portero.observe.stores.image_store import ImageStore, locate_record
from tests.decide.images.signed import Image, new_key, sign, simple_payload
from tests.failing import fail_with

read_record = record.parse_record
TEAM = new_key()
IMAGE = Image.make()
INDEX = compute_digest(IMAGE.index)
SIGNED = Record((sign(TEAM, simple_payload(INDEX)),))


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The digests that were verified."""
    digests: list[str] = []
    monkeypatch.setattr(verification, "verify_record", lambda *words: digests.append(words[0]) or verify_record(*words))  # type: ignore[func-returns-value]
    return digests


def put(folder: Path, what: Record, digest: str = INDEX) -> None:
    write_whole(locate_record(folder, digest), record.spell_record(what), 0o644)


def test_a_record_is_verified_once_for_each_file(tmp_path: Path, verified: list[str]) -> None:
    images = ImageStore(tmp_path, ImageTrust(keys={"team.pem": [TEAM.public_key()]}))
    assert images.find(INDEX) is None
    put(tmp_path, SIGNED)
    for _ in range(3):
        found = images.find(INDEX)
        assert found is not None
        assert len(found.vouchers) == 1
    assert verified == [INDEX]

    put(tmp_path, Record())
    found = images.find(INDEX)
    assert found is not None
    assert found.vouchers == ()
    locate_record(tmp_path, INDEX).unlink()
    assert images.find(INDEX) is None
    assert len(verified) == 2


def test_the_work_is_that_of_the_one_image_however_many_there_are(
    tmp_path: Path, verified: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = record.spell_record(SIGNED)
    for number in range(10_000):
        locate_record(tmp_path, f"sha256:{number:064x}").write_bytes(text)
    opened: list[object] = []
    monkeypatch.setattr(image_store, "read_regular_file", lambda *words, **more: opened.append(words) or text)  # type: ignore[func-returns-value]
    for lists in ("listdir", "scandir"):
        monkeypatch.setattr(os, lists, None)
    images = ImageStore(tmp_path, ImageTrust(keys={"team.pem": [TEAM.public_key()]}))
    assert opened == []
    images.find(f"sha256:{9999:064x}")
    assert (len(opened), len(verified)) == (1, 1)


@pytest.mark.parametrize("signatures", [1, 8])
def test_what_one_request_has_verified_is_bounded_and_kept(
    tmp_path: Path, verified: list[str], monkeypatch: pytest.MonkeyPatch, signatures: int
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(verification, "verify_signature", lambda *words: tried.append(words) or True)  # type: ignore[func-returns-value]
    several = Record(tuple(sign(TEAM, simple_payload(INDEX, f"r.example/{n}")) for n in range(signatures)))
    images = ImageStore(tmp_path, ImageTrust(keys={"team.pem": [TEAM.public_key()]}))
    done = []
    for number in range(image_store._ROOM * 2):
        put(tmp_path, several, f"sha256:{number:064x}")
    for _ in range(2):
        one, tried[:] = images.for_request(), []
        with pytest.raises(RecordUnreadable, match="one request names too many images") as stopped:
            _ = [one.find(f"sha256:{number:064x}") for number in range(image_store._ROOM * 2)]
        assert stopped.value.cure.startswith("repeat the command")
        assert 0 < len(tried) <= image_store._ROOM + record.MAX_SIGNATURES
        done.append(len(verified))
    # What was verified is not verified again.
    assert done == [done[0], 2 * done[0]]


def test_what_is_kept_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_store, "_MAX_CACHED", 3)
    images = ImageStore(tmp_path, ImageTrust())
    for number in range(8):
        put(tmp_path, Record(), f"sha256:{number:064x}")
        images.find(f"sha256:{number:064x}")
        assert len(images._cached) <= 3


def test_a_refusal_is_kept_while_the_file_stays_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    monkeypatch.setattr(record, "parse_record", lambda data: read.append(data) or read_record(data))  # type: ignore[func-returns-value]
    images = ImageStore(tmp_path, ImageTrust())
    for data in (b"{", b"["):
        write_whole(locate_record(tmp_path, INDEX), data, 0o644)
        for _ in range(2):
            with pytest.raises(RecordUnreadable, match="what was fetched is damaged"):
                images.find(INDEX)
    assert read == [b"{", b"["]
    put(tmp_path, SIGNED)
    assert images.find(INDEX) is not None


@pytest.mark.parametrize("damage", ["text", "folder", "large", "emfile", "link"])
def test_what_cannot_be_read_is_not_the_same_as_nothing(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = locate_record(tmp_path, INDEX)
    if damage == "text":
        file.write_text("{")
    elif damage == "folder":
        file.mkdir()
    elif damage == "link":
        (tmp_path / "elsewhere").write_bytes(record.spell_record(SIGNED))
        file.symlink_to(tmp_path / "elsewhere")
    elif damage == "large":
        file.write_bytes(record.spell_record(SIGNED) + b" " * record.MAX_RECORD)
    else:
        put(tmp_path, SIGNED)

        monkeypatch.setattr(image_store, "read_regular_file", fail_with(errno.EMFILE))

    with pytest.raises(RecordUnreadable):
        ImageStore(tmp_path, ImageTrust()).find(INDEX)

"""Records for each digest by which a daemon may know the image, with what verifies and how to get there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from portero.decide.images import record
from portero.decide.images.record import Record, Signature, compute_digest
from portero.decide.images.trust import ImageTrust, TrustEntry
from portero.decide.images.verification import index_keys, verify_record
from portero.observe.stores.image_store import locate_record
from portero.tools.registries import signature_fetch
from portero.tools.registries.https import TransportFailed
from portero.tools.registries.image_references import ImageReference
from portero.tools.registries.signature_fetch import ImageMissing, fetch_image, merge_records, write_records
from tests.decide.images import signed
from tests.decide.images.signed import (
    APP,
    Image,
    bundle_manifest,
    describe,
    fingerprint,
    make_bundle,
    new_key,
    sign,
    simple_payload,
    statement_payload,
)

from . import fake_registry
from .fake_registry import FakeRegistry, names

TEAM, OTHER = new_key(), new_key()
IMAGE = Image.make()
INDEX, MANIFEST, PLATFORM = map(compute_digest, IMAGE.documents)
CONFIG = compute_digest(IMAGE.config)
ENTRY = TrustEntry("*", ("team.pem",))
TRUST = ImageTrust([ENTRY], {"team.pem": [TEAM.public_key()], "other.pem": [OTHER.public_key()]})
KEYS = index_keys(TRUST.keys)
SIMPLE = sign(TEAM, simple_payload(INDEX))
GOOD_BUNDLE = make_bundle(sign(TEAM, statement_payload(INDEX), "statement"))


def fetched(registry: FakeRegistry, reference: str = "1") -> Mapping[str, Record]:
    return fetch_as(registry, TRUST, reference)


def fetch_as(registry: FakeRegistry, trust: ImageTrust, reference: str = "1") -> Mapping[str, Record]:
    asked = ImageReference("registry.example.com", "team/app", reference)
    return fetch_image(registry, asked, trust).records  # type: ignore[arg-type]


def vouched(records: Mapping[str, Record]) -> set[str]:
    """The digests that a guard would take."""
    found = {digest: verify_record(digest, one, KEYS).vouchers for digest, one in records.items()}
    return {digest for digest, vouchers in found.items() if any(not each.is_part for each in vouchers)}


@pytest.mark.parametrize("reference", ["1", INDEX])
def test_a_signed_index_gives_a_record_for_each_digest_below_it(reference: str) -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.index, SIMPLE)
    records = fetched(registry, reference)

    assert len(records) == 5
    assert vouched(records) == records.keys()
    assert records[CONFIG].documents == (IMAGE.index, IMAGE.manifest)
    assert records[INDEX].documents == (IMAGE.index,)
    assert not any(PLATFORM in path for path in registry.asked if path.endswith(".sig"))


def test_a_signed_platform_gives_records_for_it_and_for_the_index() -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.manifest, sign(TEAM, simple_payload(MANIFEST)))
    records = fetched(registry)

    assert names(records) == sorted([INDEX, MANIFEST, CONFIG])
    assert vouched(records) == {MANIFEST, CONFIG}
    assert verify_record(INDEX, records[INDEX], KEYS).vouchers[0].is_part


def test_a_bundle_is_kept_as_a_statement() -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_bundle(IMAGE.index, make_bundle(sign(TEAM, statement_payload(INDEX), "statement")))

    assert vouched(fetched(registry)) >= {INDEX, CONFIG}


@pytest.mark.parametrize(
    ("signature", "seen"),
    [
        (sign(OTHER, simple_payload(INDEX)), "other-key"),
        (sign(TEAM, simple_payload(MANIFEST)), "other-digest"),
        (sign(TEAM, b"{}"), "no-signature-of-image"),
    ],
)
def test_what_vouches_for_nothing_is_counted_and_not_kept(signature: Signature, seen: str) -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.index, signature)
    records = fetched(registry)

    assert names(records) == []
    assert all(one.seen == {seen: 1} for one in records.values())


def test_of_ten_thousand_signatures_the_work_grows_with_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    verified = 0

    def count(*_: Any) -> str | None:
        nonlocal verified
        verified += 1
        return fingerprint(TEAM) if verified % 100 == 0 else None

    monkeypatch.setattr(signature_fetch, "find_signer", count)

    def work(number: int) -> tuple[int, int]:
        nonlocal verified
        verified = 0
        registry = FakeRegistry(IMAGE)
        spread = (Signature("simple", SIMPLE.payload, index.to_bytes(4)) for index in range(number))
        registry.put_simple(IMAGE.index, *spread)
        assert len(fetched(registry)[INDEX].signatures) == 1
        return verified, len(registry.asked)

    once, twice = work(5000), work(10_000)
    assert twice == (2 * once[0], once[1]) == (10_000, once[1])


def test_another_manifest_than_the_digest_names_and_none_at_all_are_errors() -> None:
    registry = FakeRegistry(IMAGE)
    registry.held[f"manifests/{INDEX}"] = IMAGE.manifest
    with pytest.raises(TransportFailed, match="sent another manifest"):
        fetched(registry, INDEX)
    with pytest.raises(ImageMissing, match="has no 2"):
        fetched(registry, "2")


def test_a_signature_that_was_fetched_stays_when_the_registry_has_it_no_more() -> None:
    before = Record((SIMPLE,), (IMAGE.index,), {"other-key": 3})

    assert merge_records(before, Record(seen={})) == Record((SIMPLE,), (IMAGE.index,), {})
    assert merge_records(before, before) == before
    many = tuple(Signature("simple", b"x", bytes([n])) for n in range(40))
    merged = merge_records(before, Record(many)).signatures
    assert (len(merged), merged[:17]) == (record.MAX_SIGNATURES, (*many[:16], SIMPLE))


def test_an_unsigned_image_is_kept_with_what_a_list_may_deny_it_by() -> None:
    records = fetched(FakeRegistry(IMAGE))

    assert names(records) == []
    assert records[MANIFEST].documents == (IMAGE.index, IMAGE.manifest)
    denied = {digest: verify_record(digest, one, KEYS).digests for digest, one in records.items()}
    assert denied[MANIFEST] == denied[CONFIG] == {INDEX, MANIFEST, CONFIG}


JUNK = b"{}" + b" " * (300 << 10)


@pytest.mark.parametrize("lies", [False, True], ids=["says its size", "lies"])
@pytest.mark.parametrize("place", ["layer", "bundle", "referrer"])
def test_what_is_too_large_hides_no_signature(place: str, lies: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if lies:
        monkeypatch.setattr(signed, "describe", lambda *given, **more: {**describe(*given, **more), "size": 1})
        monkeypatch.setattr(fake_registry, "describe", signed.describe)
    registry = FakeRegistry(IMAGE)
    good = bundle_manifest(GOOD_BUNDLE, IMAGE.index)
    if place == "referrer":
        registry.refer(IMAGE.index, JUNK, good, blobs=(GOOD_BUNDLE,))
    elif place == "bundle":
        registry.refer(IMAGE.index, bundle_manifest(JUNK, IMAGE.index), good, blobs=(JUNK, GOOD_BUNDLE))
    else:
        registry.put_simple(IMAGE.index, Signature("simple", JUNK, b"x"), SIMPLE)
    assert CONFIG in vouched(fetched(registry))


def test_no_more_signatures_are_tried_than_the_time_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature_fetch, "_MAX_TRIED", 5)
    registry = FakeRegistry(IMAGE)
    others = [sign(OTHER, simple_payload(INDEX)) for _ in range(5)]
    registry.put_simple(IMAGE.index, *others[1:], SIMPLE)
    assert CONFIG in vouched(fetched(registry))
    registry.put_simple(IMAGE.index, *others, SIMPLE)
    assert fetched(registry)[CONFIG].seen == {"other-key": 5}


def test_what_cannot_be_had_is_told_only_where_no_signature_was_found() -> None:
    registry = FakeRegistry(IMAGE)
    registry.failing = f"manifests/{INDEX.replace(':', '-')}"
    with pytest.raises(TransportFailed, match="status 400"):
        fetched(registry)
    registry.put_simple(IMAGE.index, SIMPLE)
    assert CONFIG in vouched(fetched(registry))


OF_PROD = replace(TRUST, entries=[replace(ENTRY, annotations={"env": "prod"})])


def test_signatures_as_the_entry_asks_come_before_others_however_many() -> None:
    registry = FakeRegistry(IMAGE)
    older = [sign(TEAM, simple_payload(INDEX, APP, {"build": str(n)})) for n in range(40)]
    fitting = sign(TEAM, simple_payload(INDEX, APP, {"env": "prod"}))
    registry.put_simple(IMAGE.index, *older, fitting)
    kept = fetch_as(registry, OF_PROD)[CONFIG].signatures

    assert (len(kept), kept[0]) == (record.MAX_SIGNATURES, fitting)
    # One for each claim: the same again takes no place.
    registry.put_simple(IMAGE.index, *(sign(TEAM, simple_payload(INDEX)) for _ in range(40)), fitting)
    assert len(fetch_as(registry, OF_PROD)[CONFIG].signatures) == 2


def test_a_signature_of_the_index_that_does_not_fit_hides_none_of_the_platform() -> None:
    registry = FakeRegistry(IMAGE)
    fitting = sign(TEAM, simple_payload(MANIFEST, APP, {"env": "prod"}))
    registry.put_simple(IMAGE.index, SIMPLE)
    registry.put_simple(IMAGE.manifest, fitting)
    assert fetch_as(registry, OF_PROD)[CONFIG].signatures == (fitting, SIMPLE)


def test_what_speaks_about_a_platform_is_no_platform() -> None:
    about = Image.make()
    text = about.index.replace(b'"os": "linux", "architecture": "arm64"', b'"os": "unknown", "architecture": "unknown"')
    registry = FakeRegistry(IMAGE)
    registry.held["manifests/1"] = text
    fetched(registry)
    assert f"manifests/{PLATFORM}" not in registry.asked
    assert APP.endswith(registry.address.name)


DIGEST = f"sha256:{'a' * 64}"
ONE, TWO = (Record((Signature("simple", b"payload", mark),)) for mark in (b"1", b"2"))


def test_signatures_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    folder, file = tmp_path / "new", locate_record(tmp_path / "new", DIGEST)
    write_records(folder, {DIGEST: ONE})
    assert record.parse_record(file.read_bytes()) == ONE
    before = file.stat()
    write_records(folder, {DIGEST: ONE})
    # The guard need not verify it again.
    assert file.stat() == before
    write_records(folder, {DIGEST: TWO})
    assert record.parse_record(file.read_bytes()).signatures == (*TWO.signatures, *ONE.signatures)


def test_of_what_is_too_much_for_a_file_the_first_signatures_are_kept(tmp_path: Path) -> None:
    many = Record(tuple(Signature("simple", b"x" * record.MAX_PAYLOAD, bytes([n])) for n in range(32)))
    write_records(tmp_path, {DIGEST: many})
    assert record.parse_record(locate_record(tmp_path, DIGEST).read_bytes()).signatures == many.signatures[:8]


def test_a_damaged_file_is_replaced(tmp_path: Path) -> None:
    file = locate_record(tmp_path, DIGEST)
    file.write_text("{")
    write_records(tmp_path, {DIGEST: ONE})
    assert record.parse_record(file.read_bytes()) == ONE
    assert file.stat().st_mode & 0o777 == 0o644

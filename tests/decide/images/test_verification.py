"""Signatures hold by the keys of the policy alone, and vouch for what follows from what they name."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.images import verification
from portero.decide.images.payloads import Form
from portero.decide.images.record import Record, Signature, compute_digest
from portero.decide.images.verification import index_keys, verify_record

from .signed import APP, Image, PrivateKey, fingerprint, new_key, sign, simple_payload, statement_payload

verifies = verification.verify_signature
TEAM, OTHER = new_key(), new_key()
KEYS = {"team.pem": [TEAM.public_key()]}
IMAGE = Image.make()
INDEX, MANIFEST, PLATFORM = map(compute_digest, IMAGE.documents)
CONFIG = compute_digest(IMAGE.config)


def vouchers(digest: str, signature: Signature, keys: Any = KEYS, documents: Any = IMAGE.documents) -> list[Any]:
    return [*verify_record(digest, Record((signature,), documents), index_keys(keys)).vouchers]


@pytest.mark.parametrize("digest", [INDEX, MANIFEST, PLATFORM, CONFIG])
@pytest.mark.parametrize("form", ["simple", "statement"])
def test_a_signed_index_vouches_for_all_that_follows_from_it(digest: str, form: Any) -> None:
    payload = simple_payload(INDEX) if form == "simple" else statement_payload(INDEX)
    (voucher,) = vouchers(digest, sign(TEAM, payload, form))

    assert (voucher.keys, voucher.is_part) == ({"team.pem"}, False)
    assert voucher.repository == (APP if form == "simple" else "")


def test_a_signed_platform_vouches_for_a_part_of_the_index_and_for_no_other_platform() -> None:
    signature = sign(TEAM, simple_payload(MANIFEST))

    assert not vouchers(CONFIG, signature)[0].is_part
    assert vouchers(INDEX, signature)[0].is_part
    assert vouchers(PLATFORM, signature) == []


def test_documents_count_by_what_they_hash_to() -> None:
    forged = Image.make("evil")
    signature = sign(TEAM, simple_payload(INDEX))

    assert vouchers(compute_digest(forged.config), signature, documents=forged.documents) == []
    assert vouchers(CONFIG, signature, documents=()) == []


@pytest.mark.parametrize("key", [TEAM, Ed25519PrivateKey.generate(), generate_private_key(65537, 2048)])
@pytest.mark.parametrize("form", ["simple", "statement"])
def test_each_kind_of_key_vouches_and_only_that_key(key: PrivateKey, form: Any) -> None:
    payload = simple_payload(INDEX) if form == "simple" else statement_payload(INDEX)
    signature = sign(key, payload, form)
    several = {"a.pem": [OTHER.public_key()], "b.pem": [OTHER.public_key(), key.public_key()]}

    assert vouchers(INDEX, signature, several)[0].keys == {"b.pem"}
    verified = verify_record(INDEX, Record((signature,)), index_keys({"a.pem": [OTHER.public_key()]}))
    assert (verified.vouchers, verified.seen) == ((), {"other-key": 1})


def test_a_signature_is_of_its_form_alone() -> None:
    signature = sign(TEAM, statement_payload(INDEX), "statement")

    assert vouchers(INDEX, replace(signature, form="simple")) == []


def test_one_key_is_tried_for_each_signature_however_many_keys_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[object] = []
    monkeypatch.setattr(verification, "verify_signature", lambda *words: tried.append(words) or verifies(*words))  # type: ignore[func-returns-value]
    for signatures, others in ((16, 64), (32, 64), (32, 128)):
        tried.clear()
        keys = {f"{number}.pem": [new_key().public_key()] for number in range(others)} | KEYS
        several = tuple(sign(TEAM, simple_payload(INDEX)) for _ in range(signatures))
        assert len(verify_record(INDEX, Record(several), index_keys(keys)).vouchers) == len(tried) == signatures


def test_a_signature_by_another_key_than_it_says_vouches_for_nothing() -> None:
    keys = {"a.pem": [TEAM.public_key()], "b.pem": [OTHER.public_key()], "c.pem": [TEAM.public_key()]}
    good = sign(TEAM, simple_payload(INDEX))

    assert vouchers(INDEX, good, keys)[0].keys == {"a.pem", "c.pem"}
    for said in (fingerprint(OTHER), "", "x"):
        assert vouchers(INDEX, replace(good, key=said), keys) == []


@pytest.mark.parametrize(
    ("signature", "seen"),
    [
        (sign(TEAM, simple_payload(compute_digest(b"other"))), "other-digest"),
        (
            sign(TEAM, statement_payload(INDEX, predicate="https://spdx.dev/Document"), "statement"),
            "no-signature-of-image",
        ),
        (sign(OTHER, simple_payload(INDEX)), "other-key"),
    ],
)
def test_what_vouches_for_nothing_is_counted(signature: Signature, seen: str) -> None:
    verified = verify_record(INDEX, Record((signature,), IMAGE.documents), index_keys(KEYS))

    assert (verified.vouchers, dict(verified.seen)) == ((), {seen: 1})


@pytest.mark.parametrize(
    ("digest", "same"),
    [(CONFIG, {INDEX, MANIFEST, CONFIG}), (MANIFEST, {INDEX, MANIFEST, CONFIG}), (INDEX, {INDEX})],
)
def test_a_list_may_deny_an_unsigned_image_by_what_is_above_it_and_by_its_own_configuration(
    digest: str, same: set[str]
) -> None:
    # Other platforms of an index are other images.
    assert verify_record(digest, Record((), IMAGE.documents), {}).digests == same


GOOD = sign(TEAM, simple_payload(INDEX))


@pytest.mark.parametrize(
    "crooked",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        # Another spelling of the same two numbers: DER has one.
        GOOD.signature + b"\x00",
        b"\x30\x81" + GOOD.signature[1:],
        b"\x30\x80" + GOOD.signature[2:] + b"\x00\x00",
        b"\x30\x06\x02\x01\x00\x02\x01\x00",
        b"\x30\x06\x02\x01\xff\x02\x01\xff",
        b"\x30\x84\xff\xff\xff\xff" + GOOD.signature[2:],
    ],
    # A signature is another one each time.
    ids=lambda crooked: f"{len(crooked)} bytes" if len(crooked) < 10 else "spelled otherwise",
)
def test_crooked_asn1_is_no_signature(crooked: bytes) -> None:
    assert vouchers(INDEX, replace(GOOD, signature=crooked)) == []


@given(st.binary(max_size=200), st.binary(max_size=200), st.lists(st.binary(max_size=200), max_size=3))
def test_no_bytes_are_an_error_or_vouch(payload: bytes, signature: bytes, documents: list[bytes]) -> None:
    keys = index_keys({"k.pem": [TEAM.public_key(), RSA.public_key(), ED.public_key()]})
    forms: tuple[Form, ...] = ("simple", "statement")
    made = tuple(Signature(form, payload, signature, key) for form in forms for key in keys)
    assert verify_record(INDEX, Record(made, tuple(documents)), keys).vouchers == ()
    # What a key of the policy signed is read as carefully.
    assert verify_record(INDEX, Record((sign(ED, payload),), tuple(documents)), keys).vouchers == ()


RSA, ED = generate_private_key(65537, 2048), Ed25519PrivateKey.generate()

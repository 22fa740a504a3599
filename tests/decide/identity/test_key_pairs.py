"""Key pairs of files: what was written is read again, and anything else is no key."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from portero.decide.identity.key_pairs import (
    encode_private,
    encode_public,
    make_key,
    parse_private_key,
    parse_public_key,
)

KEY = make_key()
PUBLIC = KEY.public_key()


def test_keys_survive_being_written() -> None:
    private, public = parse_private_key(encode_private(KEY)), parse_public_key(encode_public(PUBLIC))

    assert private is not None
    assert public is not None
    assert private.public_key().public_bytes_raw() == public.public_bytes_raw() == PUBLIC.public_bytes_raw()


def test_what_is_no_key_of_ours_is_none() -> None:
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = KEY.private_bytes(pem, pkcs8, serialization.BestAvailableEncryption(b"x"))
    curve = ec.generate_private_key(ec.SECP256R1())
    other = curve.private_bytes(pem, pkcs8, serialization.NoEncryption())
    public = curve.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)

    assert [*filter(None, map(parse_private_key, (b"", b"key", encode_public(PUBLIC), locked, other)))] == []
    assert [*filter(None, map(parse_public_key, (b"", encode_private(KEY), public)))] == []

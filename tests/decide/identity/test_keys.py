"""Files of keys: public ones for tokens, authorities for certificates; private and shared ones are faults."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from portero.decide.identity import keys
from portero.decide.values.errors import ContentRefused
from tests.decide.identity.certificate_makers import make_authority
from tests.decide.identity.token_makers import EC, ED, RSA

KINDS: dict[str, Any] = {"EdDSA": (OKPAlgorithm, ED), "ES256": (ECAlgorithm, EC), "RS256": (RSAAlgorithm, RSA)}


def pem(key: Any) -> bytes:
    return bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def entry(kind: str, *, private: bool = False, **more: Any) -> dict[str, Any]:
    algorithm, key = KINDS[kind]
    return {**json.loads(algorithm.to_jwk(key if private else key.public_key())), **more}


def key_set(*entries: object) -> bytes:
    return json.dumps({"keys": entries}).encode()


def fault_of(name: str, data: bytes) -> str:
    with pytest.raises(ContentRefused) as refused:
        keys.read_key_file(name, data)
    return str(refused.value)


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_of_a_key_says_the_algorithm(kind: str) -> None:
    of_pem = keys.read_key_file("a.pem", pem(KINDS[kind][1])).keys
    of_set = keys.read_key_file("a.jwks", key_set(entry(kind, kid="1", use="sig", alg=kind))).keys

    assert [(key.algorithm, key.id) for key in (*of_pem, *of_set)] == [(kind, None), (kind, "1")]
    assert of_pem[0].public == of_set[0].public == KINDS[kind][1].public_key()


def test_a_file_can_hold_several_so_that_a_new_key_comes_before_the_old_one_goes() -> None:
    assert len(keys.read_key_file("a.pem", b"the old one\n" + pem(ED) + pem(EC)).keys) == 2
    assert len(keys.read_key_file("a.jwks", key_set(entry("ES256"), entry("RS256"))).keys) == 2


def test_keys_for_other_purposes_are_left_out() -> None:
    others = [entry("RS256", use="enc"), entry("RS256", alg="PS256"), {"kty": "EC", "crv": "P-384"}, {"kty": ["EC"]}]

    assert len(keys.read_key_file("a.jwks", key_set(*others, entry("EdDSA"))).keys) == 1


def test_an_authority_is_a_certificate() -> None:
    authority = make_authority()

    assert keys.read_key_file("ca.pem", authority.pem()).certificates == (authority.certificate,)


def test_a_certificate_of_no_authority_is_a_fault() -> None:
    assert "no authority" in fault_of("ca.pem", make_authority(is_authority=False).pem())


def test_private_and_shared_keys_are_faults() -> None:
    private = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    assert "holds a private key" in fault_of("a.pem", pem(EC) + private)
    assert "private or shared key" in fault_of("a.jwks", key_set(entry("ES256", private=True)))
    assert "private or shared key" in fault_of("a.jwks", key_set({"kty": "oct", "k": "c2VjcmV0"}))


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("a.pem", b"", "holds no key"),
        ("a.pem", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "cannot be read"),
        ("a.pem", pem(ed448.Ed448PrivateKey.generate()), "another kind"),
        ("a.pem", pem(ec.generate_private_key(ec.SECP384R1())), "another kind"),
        ("a.pem", pem(rsa.generate_private_key(65537, 1024)), "less than 2048 bits"),
        ("a.pem", b"\xff", "cannot be read"),
        ("a.jwks", b"", "cannot be read"),
        ("a.jwks", b'{"keys": [], "keys": []}', "cannot be read"),
        ("a.jwks", b"[]", "cannot be read"),
        ("a.jwks", b'{"keys": {}}', "is not a JSON Web Key Set"),
        ("a.jwks", b'{"keys": ["x"]}', "not an object"),
        ("a.jwks", b'{"keys": []}', "holds no key"),
        ("a.jwks", key_set({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}), "do not fit together"),
        ("a.jwks", key_set({"kty": "RSA", "n": 7, "e": "AQAB"}), "do not fit together"),
        ("a.jwks", key_set(*[entry("EdDSA")] * 65), "more than 64"),
    ],
)
def test_what_holds_no_usable_key_is_a_fault(name: str, data: bytes, fault: str) -> None:
    assert fault in fault_of(name, data)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda part: st.lists(part, max_size=3),
    max_leaves=5,
)


@given(
    kind=st.sampled_from([*KINDS]),
    name=st.sampled_from(["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg"]),
    value=JSON_VALUES,
)
def test_odd_values_in_a_key_set_end_in_a_fault(kind: str, name: str, value: Any) -> None:
    data = key_set(entry(kind, **{name: value}))
    try:
        found: object = keys.read_key_file("a.jwks", data)
    except ContentRefused as refused:
        found = str(refused)

    assert found

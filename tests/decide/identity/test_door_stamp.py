"""Stamps of doors: each claim as the door writes it, signed by its key, for this boot; all else is refused."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from portero.decide.identity.door_stamp import make_stamp, read_stamp
from portero.decide.values.refusals import Refused
from portero.observe.stores.door_key import read_boot
from tests.decide.identity.token_makers import ED, NOON, encode

BOOT = "boot"
HEADER = {"alg": "EdDSA", "typ": "portero-door"}
CLAIMS = {"aud": BOOT, "door": "users", "user": "alicia", "groups": ["dev"], "iat": NOON, "exp": NOON + 60}


def sign(claims: object, header: object = HEADER, key: Any = ED) -> str:
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{signed}.{encode(key.sign(signed.encode()))}"


def code(text: str) -> str:
    with pytest.raises(Refused) as refused:
        read_stamp(text, ED.public_key(), BOOT)
    assert refused.value.at == "X-Portero-Door"
    return refused.value.code


def test_what_the_door_makes_is_read() -> None:
    stamp = read_stamp(make_stamp(ED, BOOT, "users", "alicia", ["dev"], NOON), ED.public_key(), BOOT)

    assert (stamp.door, stamp.user, stamp.groups) == ("users", "alicia", ("dev",))
    assert [stamp.is_valid(NOON + seconds) for seconds in (-61, -60, 0, 59.9, 60)] == [False, True, True, True, False]
    assert read_stamp(sign(CLAIMS), ED.public_key(), BOOT) == stamp


@pytest.mark.parametrize(
    "changed",
    [
        *({"aud": "other"}, {"aud": [BOOT]}, {"exp": NOON + 61}, {"exp": NOON}, {"exp": NOON + 59.5}),
        *({"iat": True}, {"door": ""}, {"door": 1}, {"door": "traefik"}, {"door": "traefik", "user": ""}),
        *({"user": ""}, {"user": " alicia"}, {"user": "a\nb"}, {"groups": "dev"}, {"groups": [""]}),
        *({"groups": ["g"] * 257}, {"nbf": NOON}, {"iss": "portero"}),
    ],
)
def test_another_claim_is_refused(changed: dict[str, Any]) -> None:
    assert code(sign({**CLAIMS, **changed})) == "door-invalid"


@pytest.mark.parametrize(
    "header",
    [
        *({"alg": "EdDSA", "typ": "JWT"}, {"alg": "EdDSA"}, {**HEADER, "kid": "x"}, {**HEADER, "crit": []}),
        {**HEADER, "alg": "none"},
    ],
)
def test_another_header_is_refused(header: dict[str, Any]) -> None:
    assert code(sign(CLAIMS, header)) == "door-invalid"


OF_ANOTHER_KEY = sign(CLAIMS, key=Ed25519PrivateKey.generate())


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b.c", "e30.e30.", sign([]), sign(CLAIMS)[:-4], sign(CLAIMS) + ".x", "x" * 70_000, OF_ANOTHER_KEY],
)
def test_what_is_no_stamp_is_refused(text: str) -> None:
    assert code(text) == "door-invalid"


def test_a_door_of_a_tool_has_no_user() -> None:
    stamp = read_stamp(sign({**CLAIMS, "door": "traefik", "user": "", "groups": []}), ED.public_key(), BOOT)

    assert (stamp.door, stamp.user) == ("traefik", "")


def test_a_boot_has_a_name() -> None:
    assert len(read_boot()) == 36

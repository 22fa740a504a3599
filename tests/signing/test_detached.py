"""Detached signatures: not one byte of what was signed can be another, and nothing else that is signed fits."""

import base64

import pytest

from portero.signing import detached, signature
from portero.signing.detached import DetachedRefused

KEY, OTHER = signature.new_key(), signature.new_key()
ID = signature.key_id(KEY.public_key())
TRUSTED = {ID: KEY.public_key()}
DATA = bytes(range(64))
TEXT = detached.sign(DATA, KEY)


def test_what_was_signed_is_accepted() -> None:
    detached.verify(DATA, TEXT, TRUSTED)


@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: data[:-1], lambda data: b""])
def test_no_byte_can_come_or_go(change: object) -> None:
    assert callable(change)
    with pytest.raises(DetachedRefused, match="was changed after it was signed"):
        detached.verify(change(DATA), TEXT, TRUSTED)


def test_no_byte_can_be_another() -> None:
    for place in range(len(DATA)):
        changed = bytearray(DATA)
        changed[place] ^= 1
        with pytest.raises(DetachedRefused, match="was changed after it was signed"):
            detached.verify(bytes(changed), TEXT, TRUSTED)


def forged(signed: bytes) -> str:
    return f"{ID} {base64.b64encode(signed).decode()}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no signature"),
        ("x", "has a signature that portero did not write"),
        (f"{TEXT}\n", "has a signature that portero did not write"),
        (TEXT[:-1], "has a signature that portero did not write"),
        (detached.sign(DATA, OTHER), f"{signature.key_id(OTHER.public_key())}, which is not trusted"),
        (forged(bytes(64)), "was changed"),
        (forged(OTHER.sign(DATA)), "was changed"),
        # Signed by the right key, for something else.
        (forged(KEY.sign(DATA)), "was changed"),
    ],
    # The keys are new in each process.
    ids=["none", "another text", "a line too much", "cut", "untrusted", "zeros", "forged", "for something else"],
)
def test_another_signature_is_refused(text: str, words: str) -> None:
    with pytest.raises(DetachedRefused, match=words):
        detached.verify(DATA, text, TRUSTED)

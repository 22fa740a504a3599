"""Detached signatures of files (Ed25519): one line with the key's id and the signature, over every byte of the file.

A bundle has one, which is verified before a byte of the archive is read; the folder inside has its own (signature.py).
"""

import base64
import re
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature

from portero.signing.signature import PrivateKey, PublicKey, key_id

# What is signed begins with these words, so that a signature made for anything else never fits a bundle.
_PURPOSE = b"portero policy bundle\n"
_TEXT = re.compile(r"([0-9a-f]{32}) ([A-Za-z0-9+/]{86}==)")
_PUBLISH = "publish it with `portero bundle push` or `portero bundle build`"


class DetachedRefused(Exception):
    """One sentence without its subject: why these bytes are not signed as they must be."""


def sign(data: bytes, key: PrivateKey) -> str:
    """The signature of these bytes."""
    return f"{key_id(key.public_key())} {base64.b64encode(key.sign(_PURPOSE + data)).decode()}"


def verify(data: bytes, text: str, trusted: Mapping[str, PublicKey]) -> None:
    """Return when a trusted key (`trusted`: keys by id) signed exactly these bytes. Raises DetachedRefused."""
    if not text:
        raise DetachedRefused(f"has no signature: {_PUBLISH}")
    match = _TEXT.fullmatch(text)
    if match is None:
        raise DetachedRefused(f"has a signature that portero did not write: {_PUBLISH}")
    key = trusted.get(match[1])
    if key is None:
        raise DetachedRefused(f"is signed with key {match[1]}, which is not trusted: {_PUBLISH}, with a trusted key")
    try:
        key.verify(base64.b64decode(match[2]), _PURPOSE + data)
    except InvalidSignature:
        raise DetachedRefused(f"was changed after it was signed, or has another's signature: {_PUBLISH}") from None

"""Signatures (Ed25519) of policy folders: which files a folder holds, in which version, vouched for by whose key.

Everything that differs by one byte from what was signed is refused, the text of signature.json included. A signature
names the group of hosts that it is for: others refuse it. Files are read and written elsewhere. A bundle has a detached
one beside it, over every byte, which is verified before the archive is read.
"""

import base64
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidSignature

from portero.decide.identity.key_pairs import PrivateKey, PublicKey
from portero.decide.policy.folder import describe_leftover
from portero.decide.policy.json_files import parse_object
from portero.decide.values.errors import ContentRefused, FileFaults
from portero.decide.values.json_fields import JSON, WrongType, need
from portero.serve.signing.manifest import FORMAT, Manifest

NAME = "signature.json"
# Bytes of signature.json; what is longer is not parsed.
_MAX_SIZE = 4 << 20
# Whole numbers that every reader of JSON keeps (RFC 8259, 6).
VERSIONS = range(1, 1 << 53)
_KEY_ID_LENGTH = 32
_SIGN_AGAIN = "sign the folder again with `portero bundle sign`"
_INVALID = f"does not hold, it was changed or made with another key: {_SIGN_AGAIN}"


def sign(files: Mapping[str, bytes], version: int, date: str, key: PrivateKey, group: str) -> bytes:
    """The text of signature.json for these files; one that is among them is left out."""
    manifest = Manifest(version, date, identify_key(key.public_key()), group, _hash_files(files))
    return manifest.encode_with(key.sign(manifest.encode_signed()))


def verify(files: Mapping[str, bytes], trusted: Mapping[str, PublicKey]) -> Manifest:
    """What the signature.json among the files vouches for; `trusted` keys by id. Raises FileFaults."""
    manifest, signature = _read_signature(files)
    key = trusted.get(manifest.key)
    if key is None:
        raise FileFaults([(NAME, f"is signed with key {manifest.key}, which is not trusted: {_SIGN_AGAIN}")])
    try:
        key.verify(signature, manifest.encode_signed())
    except InvalidSignature:
        raise FileFaults([(NAME, _INVALID)]) from None
    _refuse_differences(manifest, files)
    return manifest


def read_claims(files: Mapping[str, bytes]) -> Manifest:
    """What the signature.json claims of exactly these files, whatever key signed them. Raises FileFaults."""
    manifest, _ = _read_signature(files)
    _refuse_differences(manifest, files)
    return manifest


def read_version(text: bytes) -> int:
    """The version that a signature.json claims, which the next one follows; raises FileFaults."""
    return _read_signature({NAME: text})[0].version


def identify_key(key: PublicKey) -> str:
    return sha256(key.public_bytes_raw()).hexdigest()[:_KEY_ID_LENGTH]


def _hash_files(files: Mapping[str, bytes]) -> Mapping[str, str]:
    return {name: sha256(files[name]).hexdigest() for name in sorted(files) if name != NAME}


def _refuse_differences(manifest: Manifest, files: Mapping[str, bytes]) -> None:
    if differences := [*_list_differences(manifest.files, _hash_files(files))]:
        raise FileFaults(differences)


def _list_differences(signed: Mapping[str, str], present: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in sorted(signed.keys() | present.keys()):
        if name not in present:
            yield name, f"is missing, but signed: restore it, or {_SIGN_AGAIN}"
        elif name not in signed:
            what = describe_leftover(name)
            yield (
                name,
                f"is {what}: remove it" if what else f"is not covered by the signature: remove it, or {_SIGN_AGAIN}",
            )
        elif signed[name] != present[name]:
            yield name, f"was changed after it was signed: restore it, or {_SIGN_AGAIN}"


def _read_signature(files: Mapping[str, bytes]) -> tuple[Manifest, bytes]:
    if NAME not in files:
        raise FileFaults([(NAME, f"is missing: {_SIGN_AGAIN}")])
    if len(files[NAME]) > _MAX_SIZE:
        raise FileFaults([(NAME, f"has more than {_MAX_SIZE >> 20} MiB, and no policy has so many files")])
    try:
        document = parse_object(files[NAME])
    except ContentRefused as refused:
        raise FileFaults([(NAME, str(refused))]) from refused
    if document.get("format") != FORMAT:
        raise FileFaults([(NAME, f"is not of format {FORMAT}: use the portero that wrote it, or {_SIGN_AGAIN}")])
    manifest, signature = _parse_manifest(document)
    # Only one spelling: other white space or another order of names would be a change that the signature misses.
    if manifest.encode_with(signature) != files[NAME]:
        raise _make_refusal()
    return manifest, signature


def _parse_manifest(document: Mapping[str, JSON]) -> tuple[Manifest, bytes]:
    try:
        date, key, group, signature = (need(document, name, str) for name in ("date", "key", "for", "signature"))
        files = need(document, "files", dict)
        hashes = {name: need(files, name, str) for name in files}
        manifest = Manifest(need(document, "version", int), date, key, group, hashes)
        if manifest.version not in VERSIONS:
            raise _make_refusal()
        return manifest, base64.b64decode(signature, validate=True)
    except (WrongType, ValueError):
        raise _make_refusal() from None


def _make_refusal() -> FileFaults:
    return FileFaults([(NAME, f"is not as `portero bundle sign` writes it: {_SIGN_AGAIN}")])


# What is signed begins with these words, so that a signature made for anything else never fits a bundle.
_FILE_PURPOSE = b"portero policy bundle\n"
_DETACHED = re.compile(r"([0-9a-f]{32}) ([A-Za-z0-9+/]{86}==)")
_PUBLISH = "publish it with `portero bundle push` or `portero bundle build`"


def sign_file(data: bytes, key: PrivateKey) -> str:
    return f"{identify_key(key.public_key())} {base64.b64encode(key.sign(_FILE_PURPOSE + data)).decode()}"


def verify_file(data: bytes, text: str, trusted: Mapping[str, PublicKey]) -> None:
    """Return when a trusted key (`trusted`: keys by id) signed exactly these bytes. Raises ContentRefused."""
    if not text:
        raise ContentRefused(f"has no signature: {_PUBLISH}")
    match = _DETACHED.fullmatch(text)
    if match is None:
        raise ContentRefused(f"has a signature that portero did not write: {_PUBLISH}")
    key = trusted.get(match[1])
    if key is None:
        raise ContentRefused(f"is signed with key {match[1]}, which is not trusted: {_PUBLISH}, with a trusted key")
    try:
        key.verify(base64.b64decode(match[2]), _FILE_PURPOSE + data)
    except InvalidSignature:
        raise ContentRefused(f"was changed after it was signed, or has another's signature: {_PUBLISH}") from None

"""Signatures: they cover exactly the files, and not one byte of a signed folder can be another."""

import base64
import json
from collections.abc import Mapping

import pytest

from portero.decide.identity import key_pairs
from portero.decide.values.errors import ContentRefused, FileFaults
from portero.serve.signing import signature
from tests.cases import cases

KEY = key_pairs.make_key()
TRUSTED = {signature.identify_key(KEY.public_key()): KEY.public_key()}
FILES = {"site.json": b'{"actions": {}}', "rules/images/team.json": b"{}", "README.md": "Größe\n".encode()}
DATE = "2026-11-24T15:00:00Z"


def signed(files: Mapping[str, bytes] = FILES, version: int = 7) -> dict[str, bytes]:
    return {**files, signature.NAME: signature.sign(files, version, DATE, KEY, "web")}


def refusals(files: Mapping[str, bytes]) -> list[str]:
    with pytest.raises(FileFaults) as refused:
        signature.verify(files, TRUSTED)
    return [f"{name}: {sentence}" for name, sentence in refused.value.faults]


def test_what_was_signed_is_vouched_for_with_version_date_and_key() -> None:
    manifest = signature.verify(signed(), TRUSTED)

    assert (manifest.version, manifest.date, manifest.key) == (7, DATE, next(iter(TRUSTED)))
    assert sorted(manifest.files) == sorted(FILES)


def test_signing_again_leaves_the_old_signature_out() -> None:
    again = signature.sign(signed(), 8, DATE, KEY, "web")

    assert sorted(signature.verify({**FILES, signature.NAME: again}, TRUSTED).files) == sorted(FILES)


def test_the_content_depends_on_the_files_alone() -> None:
    first, second = (signature.verify(signed(version=version), TRUSTED) for version in (1, 2))
    other = signature.verify(signed({**FILES, "site.json": b"{}"}), TRUSTED)

    assert first.content == second.content != other.content


@pytest.mark.parametrize("name", [*FILES, signature.NAME])
def test_no_byte_of_any_file_can_be_another(name: str) -> None:
    files = signed()
    for place in range(len(files[name])):
        for bit in (0x01, 0x20, 0x80):
            content = bytearray(files[name])
            content[place] ^= bit

            assert refusals({**files, name: bytes(content)}), (name, place, bit)


@pytest.mark.parametrize("name", [*FILES, signature.NAME])
@pytest.mark.parametrize("change", [lambda text: text + b"\n", lambda text: b" " + text, lambda text: text[:-1]])
def test_no_byte_can_come_or_go(name: str, change: object) -> None:
    assert callable(change)

    assert refusals(signed() | {name: change(signed()[name])})[0].startswith(f"{name}: ")


def test_a_changed_an_added_and_a_removed_file_are_named() -> None:
    files = signed() | {"site.json": b"{}", "host/x/y.json": b"{}"}
    del files["README.md"]

    assert [fault.split(": restore")[0].split(": remove")[0] for fault in refusals(files)] == [
        "README.md: is missing, but signed",
        "host/x/y.json: is not covered by the signature",
        "site.json: was changed after it was signed",
    ]


def test_a_renamed_file_is_one_that_is_missing_and_one_that_is_not_covered() -> None:
    files = signed()
    files["rules/images/other.json"] = files.pop("rules/images/team.json")

    assert [fault.split(":")[0] for fault in refusals(files)] == ["rules/images/other.json", "rules/images/team.json"]


def test_a_folder_without_a_signature_is_refused() -> None:
    assert refusals(FILES) == ["signature.json: is missing: sign the folder again with `portero bundle sign`"]


def test_another_key_is_refused_by_its_id_and_one_that_claims_a_trusted_id_does_not_hold() -> None:
    other = key_pairs.make_key()
    text = signature.sign(FILES, 1, DATE, other, "web")

    (fault,) = refusals({**FILES, signature.NAME: text})
    assert fault.startswith(f"signature.json: is signed with key {signature.identify_key(other.public_key())}, ")

    claimed = json.dumps({**json.loads(text), "key": next(iter(TRUSTED))}, indent=2).encode() + b"\n"
    (fault,) = refusals({**FILES, signature.NAME: claimed})
    assert fault.startswith("signature.json: does not hold, ")


@pytest.mark.parametrize(("at", "fault"), cases(__file__, "modified-manifests.jsonl"), ids=str)
def test_a_modified_manifest_is_refused(at: dict[str, object], fault: str) -> None:
    document = json.loads(signed()[signature.NAME]) | at
    text = json.dumps(document, indent=2).encode() + b"\n"

    assert fault in refusals({**FILES, signature.NAME: text})[0]


def test_a_manifest_that_says_a_name_twice_is_refused() -> None:
    text = signed()[signature.NAME].replace(b'"version": 7,', b'"version": 7, "version": 7,')

    assert refusals({**FILES, signature.NAME: text}) == [
        "signature.json: says 'version' twice in one object (line 4): keep one"
    ]


def test_several_keys_can_be_trusted_so_that_keys_rotate() -> None:
    new = key_pairs.make_key()
    both = {**TRUSTED, signature.identify_key(new.public_key()): new.public_key()}

    assert signature.verify(signed(), both).version == 7
    assert signature.verify({**FILES, signature.NAME: signature.sign(FILES, 8, DATE, new, "web")}, both).version == 8


def test_the_last_version_is_read_for_the_next_one() -> None:
    assert signature.read_version(signed(version=41)[signature.NAME]) == 41
    with pytest.raises(FileFaults, match="is not JSON"):
        signature.read_version(b"{")


FILE_KEY, OTHER = key_pairs.make_key(), key_pairs.make_key()
ID = signature.identify_key(FILE_KEY.public_key())
FILE_TRUSTED = {ID: FILE_KEY.public_key()}
DATA = bytes(range(64))
TEXT = signature.sign_file(DATA, FILE_KEY)


def test_what_was_signed_is_accepted_and_no_byte_can_come_or_go_or_be_another() -> None:
    signature.verify_file(DATA, TEXT, FILE_TRUSTED)

    others = [DATA[:place] + bytes([byte ^ 1]) + DATA[place + 1 :] for place, byte in enumerate(DATA)]
    for changed in (DATA + b"x", DATA[:-1], b"", *others):
        with pytest.raises(ContentRefused, match="was changed after it was signed"):
            signature.verify_file(changed, TEXT, FILE_TRUSTED)


def forged(signed: bytes) -> str:
    return f"{ID} {base64.b64encode(signed).decode()}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no signature"),
        ("x", "has a signature that portero did not write"),
        (f"{TEXT}\n", "has a signature that portero did not write"),
        (TEXT[:-1], "has a signature that portero did not write"),
        (signature.sign_file(DATA, OTHER), f"{signature.identify_key(OTHER.public_key())}, which is not trusted"),
        (forged(bytes(64)), "was changed"),
        (forged(OTHER.sign(DATA)), "was changed"),
        # Signed by the right key, for something else.
        (forged(FILE_KEY.sign(DATA)), "was changed"),
    ],
    # The keys are new in each process.
    ids=["none", "another text", "a line too much", "cut", "untrusted", "zeros", "forged", "for something else"],
)
def test_another_signature_is_refused(text: str, words: str) -> None:
    with pytest.raises(ContentRefused, match=words):
        signature.verify_file(DATA, text, FILE_TRUSTED)

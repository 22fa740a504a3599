"""Whether an image may run: the entry for its name, against who vouches for its digests."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from portero.decide.images import record
from portero.decide.images.image_verdict import ImageQuery, find_denied, judge_image
from portero.decide.images.record import Record, Signature, compute_digest
from portero.decide.images.trust import DigestList, ImageTrust, TrustEntry
from portero.observe.stores.image_store import ImageStore, locate_record

from .signed import APP, Image, new_key, sign, simple_payload, statement_payload

TEAM, OTHER = new_key(), new_key()
KEYS = {"team.pem": [TEAM.public_key()], "other.pem": [OTHER.public_key()]}
IMAGE = Image.make()
INDEX, MANIFEST, _ = map(compute_digest, IMAGE.documents)
CONFIG = compute_digest(IMAGE.config)
TODAY = date(2026, 11, 28)
OF_TEAM = TrustEntry("registry.example.com/team/*", ("team.pem",))
SIMPLE, STATEMENT = sign(TEAM, simple_payload(INDEX)), sign(TEAM, statement_payload(INDEX), "statement")


def judge(
    tmp_path: Path, name: str, *signatures: Signature, digest: str = CONFIG, entries: Any = (OF_TEAM,), **more: Any
) -> Any:
    if signatures:
        file = locate_record(tmp_path, digest)
        file.write_bytes(record.spell_record(Record(signatures, IMAGE.documents, more.pop("seen", {}))))
    part = more.pop("part", False)
    store = ImageStore(tmp_path, ImageTrust(entries, KEYS, **more))
    return judge_image(store, ImageQuery(name, (digest,), part), TODAY)


@pytest.mark.parametrize("signature", [SIMPLE, STATEMENT])
@pytest.mark.parametrize("name", [APP, ""])
def test_a_signature_by_the_key_of_the_entry_vouches_by_name_and_by_id(
    tmp_path: Path, signature: Signature, name: str
) -> None:
    assert judge(tmp_path, name, signature).vouched


UNNAMED = "the signature does not name the repository, as image-trust asks"
BOUND, OF_PROD = TrustEntry("*", ("team.pem",), {}, True), TrustEntry("*", ("team.pem",), {"env": "prod"})
SBOM = sign(TEAM, statement_payload(INDEX, predicate="https://spdx.dev/Document"), "statement")
OF_TEST = sign(TEAM, simple_payload(INDEX, APP, {"env": "test"}))


@pytest.mark.parametrize(
    ("name", "signature", "entry", "found"),
    [
        (APP, sign(OTHER, simple_payload(INDEX)), OF_TEAM, "it is signed with another key"),
        (f"{APP}2", SIMPLE, OF_TEAM, f"it is signed for {APP}"),
        ("", sign(TEAM, simple_payload(INDEX, "docker.io/library/x")), OF_TEAM, "it is signed for docker.io/library/x"),
        (APP, sign(TEAM, simple_payload(compute_digest(b""))), OF_TEAM, "the signature beside it is of another image"),
        (APP, SBOM, OF_TEAM, "that key signed something else, such as an SBOM"),
        (APP, STATEMENT, BOUND, UNNAMED),
        (APP, SIMPLE, OF_PROD, "the signature lacks the annotation env"),
        (APP, OF_TEST, OF_PROD, "the signature lacks the annotation env"),
    ],
)
def test_what_was_found_instead_is_said(
    tmp_path: Path, name: str, signature: Signature, entry: TrustEntry, found: str
) -> None:
    verdict = judge(tmp_path, name, signature, entries=(entry,))

    assert (verdict.vouched, verdict.found, verdict.keys) == (False, found, "team.pem")
    assert verdict.command == "if you built it, cosign sign --key KEY"
    assert len(found) <= 80


def test_annotations_that_are_asked_for_are_carried(tmp_path: Path) -> None:
    simple = sign(TEAM, simple_payload(INDEX, APP, {"env": "prod", "x": "y"}))
    statement = sign(TEAM, statement_payload(INDEX, {"env": "prod"}), "statement")

    assert judge(tmp_path, APP, simple, entries=(OF_PROD,)).vouched
    assert judge(tmp_path, APP, statement, entries=(OF_PROD,)).vouched


def test_an_id_is_judged_by_the_most_specific_entry_of_the_name_that_was_signed(tmp_path: Path) -> None:
    prod = TrustEntry(APP, ("other.pem",), {"env": "prod"})
    entries = (OF_TEAM, prod)

    for name in ("", APP):
        assert not judge(tmp_path, name, SIMPLE, entries=entries).vouched
        both = sign(OTHER, simple_payload(INDEX, APP, {"env": "prod"}))
        assert judge(tmp_path, name, both, entries=entries).vouched
    # Of a name that the wider entry is about.
    dev = sign(TEAM, simple_payload(INDEX, "registry.example.com/team/dev"))
    assert judge(tmp_path, "", dev, entries=entries).vouched


def test_without_records_the_command_fetches_and_with_an_empty_one_it_signs(tmp_path: Path) -> None:
    nothing = judge(tmp_path, APP)
    assert (nothing.found, nothing.command) == ("no signature of it was fetched", "sudo portero images fetch")
    locate_record(tmp_path, CONFIG).write_bytes(record.spell_record(Record()))
    assert judge(tmp_path, APP).found == "it has no signature"
    locate_record(tmp_path, CONFIG).write_bytes(record.spell_record(Record(seen={"keyless": 1, "other-key": 1})))
    assert judge(tmp_path, APP).found == "it has a keyless signature, which is not supported: sign with a key"
    locate_record(tmp_path, CONFIG).write_bytes(b"{")
    assert judge(tmp_path, APP).found == "what was fetched is damaged"


def test_a_name_without_an_entry_is_refused_and_one_without_keys_is_not(tmp_path: Path) -> None:
    open_entry = TrustEntry("registry.example.com/open/*", ())
    entries = (OF_TEAM, open_entry)

    assert not judge(tmp_path, "docker.io/library/nginx", entries=entries).vouched
    assert judge(tmp_path, "registry.example.com/open/x", entries=entries).vouched
    # Its ID says no name.
    assert not judge(tmp_path, "", entries=entries).vouched
    assert judge(tmp_path, "", entries=(OF_TEAM, TrustEntry("*", ()))).vouched
    assert not judge(tmp_path, APP, entries=(OF_TEAM, TrustEntry("*", ()))).vouched
    assert judge(tmp_path, APP, entries=()).vouched


def test_a_signed_platform_is_enough_for_a_create_alone(tmp_path: Path) -> None:
    platform = sign(TEAM, simple_payload(MANIFEST))

    assert judge(tmp_path, APP, platform, digest=INDEX, part=True).vouched
    verdict = judge(tmp_path, APP, platform, digest=INDEX)
    assert (verdict.vouched, verdict.found) == (False, "only another platform of it is signed")


def test_a_list_of_allowed_digests_vouches_until_it_expires(tmp_path: Path) -> None:
    def ask(expires: date | None) -> Any:
        return judge(tmp_path, APP, allowed=[DigestList("ours.json", {CONFIG: "built here"}, expires)])

    assert ask(None).vouched
    assert ask(TODAY).vouched
    assert ask(date(2026, 11, 27)).found == "the list ours.json has it, and expired on 2026-11-27"
    assert not judge(tmp_path, APP, allowed=[DigestList("ours.json", {INDEX: ""}, None)]).vouched


def test_a_denied_digest_is_found_by_the_index_that_leads_to_the_image_and_after_its_last_day(tmp_path: Path) -> None:
    listed = DigestList("scan.json", {INDEX: "CVE-2026-1"}, date(2020, 1, 1))
    store = ImageStore(tmp_path, ImageTrust((), KEYS, (), [listed]))

    assert find_denied(store, (CONFIG,)) is None
    locate_record(tmp_path, CONFIG).write_bytes(record.spell_record(Record((SIMPLE,), IMAGE.documents)))
    assert find_denied(store, (CONFIG,)) == (listed, "CVE-2026-1")
    assert find_denied(ImageStore(tmp_path, ImageTrust()), (INDEX,)) is None

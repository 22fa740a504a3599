"""What may be signatures of a digest is found in each place and form, and crooked answers are nothing."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.images.record import compute_digest
from portero.tools.registries import signature_candidates
from portero.tools.registries.signature_candidates import Candidates
from tests.decide.images.signed import (
    Image,
    dump,
    make_bundle,
    new_key,
    sign,
    simple_manifest,
    simple_payload,
    statement_payload,
)

from .fake_registry import FakeRegistry

TEAM = new_key()
IMAGE = Image.make()
INDEX = compute_digest(IMAGE.index)
# As they stand in a registry: whose they are is not known yet.
SIMPLE = replace(sign(TEAM, simple_payload(INDEX)), key="")
STATEMENT = replace(sign(TEAM, statement_payload(INDEX), "statement"), key="")


def find(registry: FakeRegistry) -> list[Any]:
    return [*Candidates(registry).find_signatures(INDEX)]  # type: ignore[arg-type]


@pytest.mark.parametrize("has_api", [True, False])
def test_all_three_forms_are_found_with_and_without_the_api(has_api: bool) -> None:
    registry = FakeRegistry(IMAGE, has_api=has_api)
    assert find(registry) == []
    registry.put_simple(IMAGE.index, SIMPLE)
    assert find(registry) == [SIMPLE]
    manifest = simple_manifest(SIMPLE, subject=IMAGE.index)
    registry.refer(IMAGE.index, manifest, blobs=(SIMPLE.payload,))
    assert find(registry) == [SIMPLE, SIMPLE]
    registry.put_bundle(IMAGE.index, make_bundle(STATEMENT))
    assert find(registry) == [SIMPLE, STATEMENT]


def test_a_registry_that_does_not_know_the_way_to_the_api_has_tags() -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_bundle(IMAGE.index, make_bundle(STATEMENT))
    registry.failing = f"referrers/{INDEX}"
    assert find(registry) == [STATEMENT]
    registry.failing = f"manifests/{INDEX.replace(':', '-')}.sig"
    asked = Candidates(registry)  # type: ignore[arg-type]
    assert [*asked.find_signatures(INDEX)] == [STATEMENT]
    assert str(asked.failed) == "status 400"


def test_certificates_are_counted() -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.index, SIMPLE, certificate=True)
    registry.put_bundle(IMAGE.index, make_bundle(STATEMENT, certificate={"rawBytes": "AA=="}))
    asked = Candidates(registry)  # type: ignore[arg-type]
    assert len([*asked.find_signatures(INDEX)]) == 2
    assert asked.keyless == 2


def test_what_does_not_hash_to_its_digest_is_not_taken() -> None:
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.index, SIMPLE)
    registry.held[f"blobs/{compute_digest(SIMPLE.payload)}"] += b" "
    assert find(registry) == []


def test_the_work_grows_with_the_number_of_signatures_and_one_payload_is_asked_for_once() -> None:
    def count(number: int) -> tuple[int, int]:
        registry = FakeRegistry(IMAGE)
        registry.put_simple(IMAGE.index, *[SIMPLE] * number)
        return len(find(registry)), len(registry.asked)

    assert count(1000) == (1000, 4)
    assert count(2000) == (2000, 4)


def test_the_number_of_blobs_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signature_candidates, "_MAX_BLOBS", 5)
    registry = FakeRegistry(IMAGE)
    registry.put_simple(IMAGE.index, *(sign(TEAM, simple_payload(INDEX, f"r.example/{n}")) for n in range(20)))
    asked = Candidates(registry)  # type: ignore[arg-type]
    assert len([*asked.find_signatures(INDEX)]) == 5
    assert "more than 5 payloads are beside this image" in str(asked.failed)


def test_of_ten_thousand_referrers_some_are_read_and_it_is_told() -> None:
    registry = FakeRegistry(IMAGE)
    texts = [dump({"layers": [], "n": number}) for number in range(10_000)]
    registry.refer(IMAGE.index, *texts)
    asked = Candidates(registry)  # type: ignore[arg-type]
    assert [*asked.find_signatures(INDEX)] == []
    assert len(registry.asked) <= signature_candidates._MAX_REFERRERS + 3
    assert "more than 1000 referrers are beside this image" in str(asked.failed)


def test_of_an_envelope_with_two_signatures_each_is_tried_and_other_spellings_are_none() -> None:
    bundle = json.loads(make_bundle(STATEMENT))
    good = bundle["dsseEnvelope"]["signatures"][0]["sig"]
    crooked = (good[:-1], f"{good}\n", good.replace("+", "-").replace("/", "_") + "-", f"é{good}", "", 7)
    registry = FakeRegistry(IMAGE)
    for signatures, found in (([{"sig": "AAAA"}, {"sig": good}], 2), *(([{"sig": one}], 0) for one in crooked)):
        bundle["dsseEnvelope"]["signatures"] = signatures
        registry.put_bundle(IMAGE.index, dump(bundle))
        assert len(find(registry)) == found, signatures
    bundle["dsseEnvelope"]["signatures"] = [{"sig": good}]
    for text in (dump(bundle)[:-1] + b', "dsseEnvelope": {}}', b'{"dsseEnvelope":' * 50_000):
        registry.put_bundle(IMAGE.index, text)
        assert find(registry) == []


NAMES = st.sampled_from(["manifests", "layers", "digest", "mediaType", "annotations", "dsseEnvelope", "payload", "sig"])
VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.just(INDEX) | st.just("application/vnd.dev.sigstore.bundle"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(st.binary() | st.dictionaries(NAMES, VALUES).map(dump), st.binary() | VALUES.map(dump))
def test_no_answer_is_an_error(listed: bytes, blob: bytes) -> None:
    registry = FakeRegistry(IMAGE)
    tag = INDEX.replace(":", "-")
    registry.held.update(dict.fromkeys((f"manifests/{tag}.sig", f"referrers/{INDEX}"), listed))
    registry.held[f"blobs/{compute_digest(blob)}"] = blob
    registry.put_bundle(IMAGE.manifest, blob)
    find(registry)
    [*Candidates(registry).find_signatures(compute_digest(IMAGE.manifest))]  # type: ignore[arg-type]

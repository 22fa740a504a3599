"""The file about a digest: read with bounds, and refused where it is not as it was written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.decide.images import record
from portero.decide.images.record import (
    MAX_DOCUMENT,
    MAX_DOCUMENTS,
    MAX_LISTED,
    MAX_SIGNATURES,
    Record,
    Signature,
    compute_digest,
    find_parents,
    list_below,
    read_all,
)
from portero.observe.stores.image_store import locate_record

from .signed import OCI_INDEX, OCI_MANIFEST, Image, describe, dump, make_index

SIGNATURE = Signature("simple", b"payload", b"signature", "ab")
RECORD = Record((SIGNATURE,), (b"text",), {"other-key": 2})


def test_a_record_is_read_as_it_was_written() -> None:
    assert record.parse_record(record.spell_record(RECORD)) == RECORD
    assert locate_record(Path("/x"), f"sha256:{'a' * 64}") == Path(f"/x/{'a' * 64}.json")


ONE = json.loads(record.spell_record(RECORD))


@pytest.mark.parametrize(
    "crooked",
    [
        b"",
        b"[]",
        dump({**ONE, "format": 2}),
        dump({**ONE, "signatures": [{**ONE["signatures"][0], "form": "other"}]}),
        dump({**ONE, "signatures": [{**ONE["signatures"][0], "payload": "===="}]}),
        dump({**ONE, "signatures": [{**ONE["signatures"][0], "payload": 7}]}),
        dump({**ONE, "signatures": [{**ONE["signatures"][0], "signature": "QUJD" * 3000}]}),
        dump({**ONE, "signatures": ONE["signatures"] * (MAX_SIGNATURES + 1)}),
        dump({**ONE, "documents": ONE["documents"] * (MAX_DOCUMENTS + 1)}),
        dump({**ONE, "documents": ["é"]}),
        dump({**ONE, "seen": {"other-key": "many"}}),
        dump({**ONE, "signatures": [{**ONE["signatures"][0], "key": [7]}]}),
        dump({**ONE, "signatures": 5}),
        record.spell_record(RECORD)[:-2] + b', "seen": {}}',
    ],
)
def test_anything_else_is_refused(crooked: bytes) -> None:
    assert record.parse_record(crooked) is None


def test_only_known_words_are_kept() -> None:
    read = record.parse_record(dump({**ONE, "seen": {"evil text": 1, "keyless": 1}}))
    assert read is not None
    assert read.seen == {"keyless": 1}


NAMES = st.sampled_from([*ONE, "form", "payload", "signature"])
VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(NAMES, x))


@given(st.binary() | st.dictionaries(NAMES, VALUES).map(lambda more: dump({**ONE, **more})))
def test_no_bytes_are_another_error(crooked: bytes) -> None:
    assert record.parse_record(crooked) is None or json.loads(crooked)["format"] == 1


IMAGE = Image.make()
INDEX, MANIFEST, OTHER = map(compute_digest, IMAGE.documents)
CONFIG = compute_digest(IMAGE.config)


def test_an_index_leads_to_manifests_and_these_to_configurations() -> None:
    ways = find_parents(INDEX, read_all(IMAGE.documents))

    assert ways[INDEX] == ()
    assert ways[MANIFEST] == ways[OTHER] == (INDEX,)
    assert ways[CONFIG] == (INDEX, MANIFEST)
    assert len(ways) == 5


def test_nothing_leads_upwards_or_on_without_the_document() -> None:
    assert find_parents(MANIFEST, read_all(IMAGE.documents)) == {MANIFEST: (), CONFIG: (MANIFEST,)}
    assert CONFIG not in find_parents(INDEX, read_all([IMAGE.index]))
    assert [*find_parents(INDEX, read_all([IMAGE.index + b" ", IMAGE.manifest]))] == [INDEX]


def test_indexes_within_indexes_lead_on_to_a_depth() -> None:
    texts = [IMAGE.manifest]
    for _ in range(5):
        texts.append(make_index(texts[-1]))
    below = read_all(texts)

    assert CONFIG in find_parents(compute_digest(texts[3]), below)
    assert CONFIG not in find_parents(compute_digest(texts[4]), below)


def changed(text: bytes, **more: object) -> bytes:
    return dump({**json.loads(text), **more})


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        IMAGE.index[:-1] + b', "manifests": []}',
        # Read as both, it would lead to what nobody signed (CVE-2021-41190).
        changed(IMAGE.index, config=describe(IMAGE.config)),
        changed(IMAGE.index, layers=[]),
        changed(IMAGE.manifest, manifests=[describe(IMAGE.manifest)]),
        changed(IMAGE.index, mediaType=OCI_MANIFEST),
        changed(IMAGE.manifest, mediaType=OCI_INDEX),
        changed(IMAGE.manifest, mediaType=["x"]),
        changed(IMAGE.manifest, config={"digest": "sha256:ab"}),
        changed(IMAGE.manifest, config={"digest": [CONFIG]}),
        changed(IMAGE.index, manifests=[describe(IMAGE.manifest)] * (MAX_LISTED + 1)),
        IMAGE.index + b" " * MAX_DOCUMENT,
    ],
)
def test_a_crooked_document_leads_nowhere(text: bytes) -> None:
    assert list_below(text) == ()


@given(
    st.binary()
    | st.dictionaries(
        st.sampled_from(["manifests", "config", "mediaType"]),
        st.none() | st.lists(st.none() | st.dictionaries(st.just("digest"), st.text())),
    ).map(dump)
)
def test_no_bytes_are_an_error(text: bytes) -> None:
    assert list_below(text) == ()


def test_the_work_grows_with_the_number_of_manifests(monkeypatch: pytest.MonkeyPatch) -> None:
    def count(number: int) -> int:
        steps = 0

        class Counting(dict[str, tuple[str, ...]]):
            def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
                nonlocal steps
                steps += 1
                return super().get(key, ())

        digests = tuple(f"sha256:{index:064x}" for index in range(number))
        assert len(find_parents("top", Counting({"top": digests}))) == number + 1
        return steps

    assert count(2000) <= 2 * count(1000)
    assert record.MAX_LISTED < 2000


@pytest.mark.parametrize(
    ("kind", "runs"),
    [
        ("application/vnd.docker.container.image.v1+json", True),
        ("application/octet-stream", True),
        (None, True),
        ("application/vnd.cncf.helm.config.v1+json", False),
        ("application/vnd.docker.plugin.v1+json", False),
        (1, False),
    ],
)
def test_a_configuration_is_one_that_dockerd_runs(kind: object, runs: bool) -> None:
    config = {"digest": CONFIG, "size": 1, "mediaType": kind}
    assert list_below(changed(IMAGE.manifest, config=config)) == ((CONFIG,) if runs else ())

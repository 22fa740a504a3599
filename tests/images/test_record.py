"""The file about a digest: read with bounds, and refused where it is not as it was written."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portero.images import record
from portero.images.record import MAX_DOCUMENTS, MAX_SIGNATURES, Record, RecordRefused, Signature

from .signed import dump

SIGNATURE = Signature("simple", b"payload", b"signature", "ab")
RECORD = Record((SIGNATURE,), (b"text",), {"other-key": 2})


def test_a_record_is_read_as_it_was_written() -> None:
    assert record.read(record.write(RECORD)) == RECORD
    assert record.locate(Path("/x"), f"sha256:{'a' * 64}") == Path(f"/x/{'a' * 64}.json")


ONE = json.loads(record.write(RECORD))


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
        record.write(RECORD)[:-2] + b', "seen": {}}',
    ],
)
def test_anything_else_is_refused(crooked: bytes) -> None:
    with pytest.raises(RecordRefused):
        record.read(crooked)


def test_only_known_words_are_kept() -> None:
    assert record.read(dump({**ONE, "seen": {"evil text": 1, "keyless": 1}})).seen == {"keyless": 1}


NAMES = st.sampled_from([*ONE, "form", "payload", "signature"])
VALUES = st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(NAMES, x))


@given(st.binary() | st.dictionaries(NAMES, VALUES).map(lambda more: dump({**ONE, **more})))
def test_no_bytes_are_another_error(crooked: bytes) -> None:
    try:
        record.read(crooked)
    except RecordRefused:
        return
    assert json.loads(crooked)["format"] == 1

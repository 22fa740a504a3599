"""Of an answer only what is surely meant counts; for what the request of an exec says see test_followed_daemon.py."""

import pytest

from portero.observe.pending.answers import read_deleted, read_id

ID = "1" * 64


@pytest.mark.parametrize(
    ("body", "id"),
    [(f'{{"Id": "{ID}"}}', ID), ('{"Id": "1"}', ""), ("", ""), ("[]", ""), ('{"Id": 1}', ""), ("[" * 100_000, "")],
)
def test_only_a_whole_id_is_one(body: str, id: str) -> None:
    assert read_id(body.encode()) == id
    assert not read_deleted(body.encode())
